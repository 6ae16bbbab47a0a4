import { useState } from 'react'
import { type AgentWithSecrets, rotateSecret } from '../../agents.ts'
import { Card, CardContent, CardHeader } from '../../components/card.tsx'
import { RotateSecret } from '../../components/rotate-secret.tsx'
import { SecretTable } from '../../components/secret-table.tsx'
import { Credentials } from '../agents/credentials.tsx'
import { SecretLife } from '../agents/secret-life.tsx'
import { UseAgent } from '../agents/use-agent.tsx'
import { AgentKey } from './agent-key.tsx'
import { algOf } from './alg-of.ts'
import { NotYours } from './not-yours.tsx'

interface AgentSecretsProps {
  agent: AgentWithSecrets
  manages: boolean
}

/** What the agent proves itself with, and how. */
export function AgentSecrets({ agent, manages }: AgentSecretsProps) {
  const { secrets = [] } = agent
  return (
    <div className="grid max-w-3xl gap-5">
      {manages || <NotYours owner={agent.user_name} />}
      <Card>
        <CardHeader
          title="Secrets"
          description={agent.min_level > 1 ? SECRET_BESIDE_KEY : SECRET_ALONE}
          actions={manages && <NewSecret agent={agent} />}
          className="pb-3 sm:flex-nowrap"
        />
        {secrets.length > 0 ? (
          <SecretTable secrets={secrets} label="Secrets" />
        ) : (
          <CardContent className="pt-0 text-muted-foreground sm:pt-0">
            It has no secret that works: all have ended. Make a new one.
          </CardContent>
        )}
      </Card>
      <AgentKey agent={agent} manages={manages} />
      <Card>
        <CardHeader
          title="Sign in as the agent"
          description="Put its secret, or the file with its key, in place, and the address of your website."
        />
        <CardContent>
          <UseAgent agent={agent} alg={algOf(agent.jwk)} />
        </CardContent>
      </Card>
    </div>
  )
}

const SECRET_ALONE = 'What it sends to prove itself. We keep a hash and can show the last four characters only.'
const SECRET_BESIDE_KEY =
  'For tokens of its own. At websites its policy asks for more than a secret, so there it signs with its key.'

function NewSecret({ agent }: Pick<AgentSecretsProps, 'agent'>) {
  const [days, setDays] = useState(0)
  return (
    <RotateSecret
      act={(overlap) =>
        rotateSecret(agent.agent_id, { overlap, ...(days > 0 && { secret_expires_in: days * 86_400 }) })
      }
      changes={['agents']}
      choices={<SecretLife days={days} onChange={setDays} />}
    >
      {(made, onClose) => (
        <Credentials title="The new secret" agent={made} secret={made?.agent_secret} onClose={onClose} />
      )}
    </RotateSecret>
  )
}
