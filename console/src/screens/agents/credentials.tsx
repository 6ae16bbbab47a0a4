import { Download } from 'lucide-react'
import { Button } from '../../components/button.tsx'
import { SecretOnce } from '../../components/secret-once.tsx'
import type { KeyPair } from './key-pair.ts'
import { KEY_FILE } from './snippets.ts'
import { UseAgent } from './use-agent.tsx'

interface CredentialsProps {
  title: string
  /** Undefined keeps the dialog closed. */
  agent: Parameters<typeof UseAgent>[0]['agent'] | undefined
  secret?: string | undefined
  keyPair?: KeyPair | undefined
  onClose: () => void
}

/** What an agent proves itself with, the only time that it can be seen, and how to use it. */
export function Credentials({ title, agent, secret, keyPair, onClose }: CredentialsProps) {
  const key = keyPair && JSON.stringify(keyPair.privateJwk)
  const secrets = agent && [
    { label: 'Agent id', value: agent.agent_id },
    ...(key ? [{ label: 'Private key', value: key }] : []),
    ...(secret ? [{ label: keyPair ? 'Secret, for tokens of its own' : 'Agent secret', value: secret }] : []),
  ]
  return (
    <SecretOnce title={title} description={keyPair ? KEY_ONCE : undefined} secrets={secrets} onClose={onClose}>
      {key && <DownloadKey text={key} />}
      {agent && <UseAgent agent={agent} secret={secret} alg={keyPair?.alg} />}
    </SecretOnce>
  )
}

const KEY_ONCE =
  'The private key was made in this browser and is shown this once. We have only its public half and cannot show it again.'

function DownloadKey({ text }: { text: string }) {
  const download = () => {
    const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
    Object.assign(document.createElement('a'), { href: url, download: KEY_FILE }).click()
    URL.revokeObjectURL(url)
  }
  return (
    <Button variant="outline" size="sm" className="w-fit" onClick={download}>
      <Download aria-hidden />
      Download {KEY_FILE}
    </Button>
  )
}
