import { type AgentWithOwner, isDisabled } from '../storage/agents.ts'
import type { AuthorizationRequestRow } from '../storage/authorization-requests.ts'
import type { ClientRow } from '../storage/clients.ts'
import { levelAsked } from './assurance.ts'
import { parseScope } from './scope.ts'

/** One sign-in that an agent asks for, as far as a policy may look at it. */
export interface SignInAttempt {
  agent: AgentWithOwner
  client: ClientRow
  request: AuthorizationRequestRow
  level: number
  /** The call carried the cookie of the browser that began the request. */
  sameBrowser: boolean
  /** The website the agent believes it signs in to. */
  expectedClientId: string | undefined
  expectedOrigin: string | undefined
}

/** What an agent can reach without a person. */
const HIGHEST_ALONE = 3

/** The level that agent, website and request ask for together. */
function lowestLevel({ agent, client, request }: Pick<SignInAttempt, 'agent' | 'client' | 'request'>): number {
  return Math.max(agent.min_level, client.min_level, levelAsked(request.acr_values) ?? 0)
}

/** Whether a person is asked before this agent gets in here. `knownHere`: it has signed in at this website before. */
export function asksPerson(attempt: SignInAttempt, knownHere: boolean): boolean {
  if (lowestLevel(attempt) > HIGHEST_ALONE || attempt.agent.approval === 'always') return true
  return attempt.agent.approval === 'first_time' && !knownHere
}

/** What a sign-in is worth once a person has said yes: their word lifts only what was proved to the full. */
export function levelWithApproval(level: number): number {
  return level === HIGHEST_ALONE ? HIGHEST_ALONE + 1 : level
}

/** Why an agent may not sign in here, as its owner and the website decided; undefined when it may. The first reason wins. */
export function refusalOf(attempt: SignInAttempt): string | undefined {
  const { agent, client, request, level } = attempt
  const lowest = Math.min(lowestLevel(attempt), HIGHEST_ALONE)
  const scopes = parseScope(request.scope)
  const allowedScopes = listOf(agent.allowed_scopes)

  if (!JSON.parse(client.subjects).includes('agent')) return 'The website signs in people only'
  if (isDisabled(agent)) return 'The agent is disabled'
  if (listOf(agent.allowed_clients)?.includes(client.client_id) === false)
    return 'The agent may not sign in at this website'
  if (allowedScopes && !scopes.every((scope) => allowedScopes.includes(scope)))
    return 'The website asks for more than the agent may give'
  if (attempt.expectedClientId !== undefined && attempt.expectedClientId !== client.client_id)
    return 'The request is of another website than expected_client_id'
  if (attempt.expectedOrigin !== undefined && attempt.expectedOrigin !== new URL(request.redirect_uri).origin)
    return 'The request is of another website than expected_origin'
  if (agent.same_browser === 1 && !attempt.sameBrowser)
    return 'The agent signs in only in the browser that shows the request: send its cookies along'
  if (level < lowest) return `This sign-in needs assurance aa${lowest}; the call had aa${level}`
  return undefined
}

function listOf(json: string | null): string[] | undefined {
  return json === null ? undefined : JSON.parse(json)
}
