import type { Agent, AgentSettings } from '../../agents.ts'

/** What the owner of an agent decides about its sign-ins. */
export interface Policy {
  approval: Agent['approval']
  minLevel: number
  /** It signs in only in the browser that shows the sign-in. */
  sameBrowser: boolean
  /** Client ids; null is any. */
  websites: readonly string[] | null
  /** null is whatever the website asks for. */
  scopes: readonly string[] | null
}

/** Beyond this the agent has to sign, which a secret cannot. */
export const HIGHEST_WITH_SECRET = 1
export const STRONGEST_ALONE = 3

/** Strict where it costs nothing: who has a key can use it from its own browser. */
export function defaultPolicy(hasKey: boolean): Policy {
  const minLevel = hasKey ? STRONGEST_ALONE : HIGHEST_WITH_SECRET
  return { approval: 'never', minLevel, sameBrowser: true, websites: null, scopes: null }
}

export function policyOf(agent: Agent): Policy {
  return {
    approval: agent.approval,
    minLevel: agent.min_level,
    sameBrowser: agent.same_browser === 'required',
    websites: agent.allowed_clients,
    scopes: agent.allowed_scopes,
  }
}

export function settingsOf(policy: Policy) {
  return {
    approval: policy.approval,
    min_level: policy.minLevel,
    same_browser: policy.sameBrowser ? ('required' as const) : ('off' as const),
    allowed_clients: policy.websites === null ? null : [...policy.websites],
    allowed_scopes: policy.scopes === null ? null : [...policy.scopes],
  } satisfies AgentSettings
}
