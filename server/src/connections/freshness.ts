import type { ConnectionRow } from '../storage/connections.ts'

/** Contract: a token is refreshed when it is within 5 minutes of its end. */
const MARGIN_MS = 300_000

type Ending = Pick<ConnectionRow, 'expires_at' | 'refreshed_at'>

/** Whether a token is to be refreshed before it is given out. */
export function isDue({ expires_at, refreshed_at }: Ending, now: number): boolean {
  if (expires_at === null) return false
  // A provider whose tokens all live for minutes would else be asked with every call.
  const margin = refreshed_at === null ? MARGIN_MS : Math.min(MARGIN_MS, (expires_at - refreshed_at) / 2)
  return expires_at - now <= margin
}

/** Whether it can be used at all. */
export function isLive({ expires_at }: Pick<Ending, 'expires_at'>, now: number): boolean {
  return expires_at === null || expires_at > now
}
