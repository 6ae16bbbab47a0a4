import { CodeBlock } from '../../components/code-block.tsx'
import type { KeyPair } from './key-pair.ts'
import { keySnippets, secretSnippets } from './snippets.ts'

interface UseAgentProps {
  agent: { agent_id: string; model: string | null }
  secret?: string | undefined
  /** Of the agent's key, if it proves itself with one. */
  alg?: KeyPair['alg'] | undefined
}

/** How a program signs in as the agent, to copy and run. */
export function UseAgent({ agent, secret = '<its secret>', alg }: UseAgentProps) {
  const of = { issuer: location.origin, agentId: agent.agent_id, model: agent.model ?? 'gpt-5', secret }
  return <CodeBlock title="Sign in as the agent" code={alg ? keySnippets(of, alg) : secretSnippets(of)} />
}
