import { KeySquare } from 'lucide-react'
import { useState } from 'react'
import { type Agent, updateAgent } from '../../agents.ts'
import { Button } from '../../components/button.tsx'
import { Card, CardContent, CardHeader } from '../../components/card.tsx'
import { CodeBlock } from '../../components/code-block.tsx'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { useAct } from '../../use-act.ts'
import { Credentials } from '../agents/credentials.tsx'
import { makeKeyPair } from '../agents/key-pair.ts'

interface AgentKeyProps {
  agent: Agent
  manages: boolean
}

/** The public half of the agent's key, and a new pair. */
export function AgentKey({ agent, manages }: AgentKeyProps) {
  return (
    <Card>
      <CardHeader
        title="Key pair"
        description={
          agent.jwk
            ? 'This is the public half, which checks what the agent signs. Only the agent has the private half.'
            : 'It has none. With a key pair it signs each request, and nothing that leaves it can be used by others.'
        }
        actions={manages && <NewKeyPair agent={agent} />}
        className="pb-1 sm:flex-nowrap"
      />
      <CardContent className={agent.jwk ? undefined : 'p-2 sm:p-2'}>
        {agent.jwk && <CodeBlock title="Public key" code={JSON.stringify(agent.jwk, null, 2)} />}
      </CardContent>
    </Card>
  )
}

function NewKeyPair({ agent }: { agent: Agent }) {
  const [asking, setAsking] = useState(false)
  const make = useAct({
    act: async () => {
      const keyPair = await makeKeyPair()
      return { keyPair, agent: await updateAgent(agent.agent_id, { jwk: keyPair.publicJwk }) }
    },
    changes: ['agents'],
    onDone: () => setAsking(false),
  })
  const begin = () => (agent.jwk ? setAsking(true) : make.run())
  return (
    <>
      <Button variant="outline" size="sm" pending={make.pending && !asking} onClick={begin}>
        <KeySquare aria-hidden />
        {agent.jwk ? 'New key pair' : 'Make a key pair'}
      </Button>
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title="Replace the key pair?"
        description="The key in use is refused from now on. Whatever signs with it has to get the new one first; what is signed in stays."
        action="Replace key pair"
        pending={make.pending}
        onConfirm={() => make.run()}
      />
      <Credentials
        title="The new key pair"
        agent={make.data?.agent}
        keyPair={make.data?.keyPair}
        onClose={make.reset}
      />
    </>
  )
}
