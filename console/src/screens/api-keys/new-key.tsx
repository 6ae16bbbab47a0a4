import { CodeBlock } from '../../components/code-block.tsx'
import { SecretOnce } from '../../components/secret-once.tsx'
import type { MadeApiKey } from './api-key.ts'

interface NewKeyProps {
  made: MadeApiKey | undefined
  onClose: () => void
}

export function NewKey({ made, onClose }: NewKeyProps) {
  return (
    <SecretOnce
      title={made ? `Your key “${made.name}”` : 'Your key'}
      secrets={made && [{ label: 'API key', value: made.api_key }]}
      onClose={onClose}
    >
      {made && <CodeBlock title="Try it" code={exampleOf(made.scopes)} />}
    </SecretOnce>
  )
}

/** By a variable, as a program should have it: what is pasted into a shell stays in its history. */
function exampleOf(scopes: readonly string[]): string {
  const path = scopes.includes('manage') ? '/api/agents' : '/api/oauth/verify'
  return `export AUTH_AGENT_API_KEY='…'\ncurl ${location.origin}${path} \\\n  -H "Authorization: Bearer $AUTH_AGENT_API_KEY"`
}
