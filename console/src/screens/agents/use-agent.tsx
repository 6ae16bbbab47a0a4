import type { Agent } from '../../agents.ts'
import { type Code, CodeBlock } from '../../components/code-block.tsx'
import type { KeyPair } from './key-pair.ts'
import { HIGHEST_WITH_SECRET } from './policy.ts'
import { keySnippets, ownTokenSnippet, type SnippetOf, secretSnippets } from './snippets.ts'

interface UseAgentProps {
  agent: Pick<Agent, 'agent_id' | 'model' | 'min_level'>
  secret?: string | undefined
  /** Of the agent's key, if it proves itself with one. */
  alg?: KeyPair['alg'] | undefined
}

/** How a program signs in as the agent, to copy and run. */
export function UseAgent({ agent, secret = '<its secret>', alg }: UseAgentProps) {
  const of = { issuer: location.origin, agentId: agent.agent_id, model: agent.model ?? 'gpt-5', secret }
  return <CodeBlock title="How to use it" code={codeFor(of, agent.min_level, alg)} />
}

function codeFor(of: SnippetOf, minLevel: number, alg: KeyPair['alg'] | undefined): Code[] {
  if (alg) return keySnippets(of, alg)
  return minLevel > HIGHEST_WITH_SECRET ? [ownTokenSnippet(of)] : secretSnippets(of)
}
