import { ASSURANCE_LEVELS } from '../../components/assurance.tsx'
import { HIGHEST_WITH_SECRET, type Policy, STRONGEST_ALONE } from './policy.ts'

/** A policy in a few plain words each. */
export function policyWords(policy: Policy): string[] {
  return [
    approvalWords(policy),
    policy.minLevel > HIGHEST_WITH_SECRET ? 'with its key' : 'with its secret at least',
    policy.sameBrowser || policy.minLevel >= STRONGEST_ALONE ? 'only in its own browser' : 'in any browser',
    websiteWords(policy.websites),
    policy.scopes === null ? 'gives what is asked for' : `gives at most ${policy.scopes.join(', ') || 'nothing'}`,
  ]
}

export function levelLabel(level: number): string {
  return ASSURANCE_LEVELS.find((each) => each.level === level)?.label ?? `Level ${level}`
}

function approvalWords({ approval, minLevel }: Policy): string {
  if (approval === 'always' || minLevel > STRONGEST_ALONE) return 'asks every time'
  return approval === 'first_time' ? 'asks the first time at a website' : 'signs in without asking'
}

function websiteWords(websites: Policy['websites']): string {
  if (websites === null) return 'at any website'
  return websites.length === 1 ? 'at one website' : `at ${websites.length || 'no'} websites`
}
