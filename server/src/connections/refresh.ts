import { setTimeout as sleep } from 'node:timers/promises'
import type { Deps } from '../context.ts'
import { createBell } from '../resilience/bell.ts'
import { releaseLease } from '../storage/connection-leases.ts'
import { findConnection } from '../storage/connections.ts'
import { connectionTopic } from '../storage/topics.ts'
import { openTokens } from './open-tokens.ts'
import { previousRefreshToken } from './previous-tokens.ts'
import { refuseWhilePostponed, unavailable } from './provider-fault.ts'
import { askForTokens, type RefreshAnswer } from './refresh-call.ts'
import { type RefreshLease, takeLease } from './refresh-lease.ts'
import { heldOf, noteFault, storeAnswer } from './refresh-outcome.ts'
import { type ActiveConnection, requireActive } from './standing.ts'
import type { Tokens } from './vault.ts'

/** Who refreshes elsewhere tells us; in case that is lost, we look. */
const POLL_MS = 250
/** How long a caller waits for another process: longer than a provider may take. */
const MAX_POLLS = 180
/** A process that hung with its answer in hand may write it yet. */
const GRACE_MS = 1000

/**
 * Gives the connection once `isEnough` says yes to it, asking the provider if need be: once, whoever asks in however many
 * processes. Throws 404, 409, 502 and 503 as the contract has them. The caller knows that there is a refresh token.
 */
export async function refreshConnection(
  deps: Deps,
  connectionId: string,
  isEnough: (row: ActiveConnection) => boolean,
): Promise<ActiveConnection> {
  for (;;) {
    const flight = () => attempt(deps, connectionId, isEnough)
    const { row, moved } = await deps.refreshes.run(`refresh:${connectionId}`, flight)
    // Somebody with less to ask for may have begun it.
    if (moved || isEnough(row)) return row
  }
}

interface Attempt {
  row: ActiveConnection
  /** It has other tokens than when the attempt began. */
  moved: boolean
}

async function attempt(
  deps: Deps,
  connectionId: string,
  isEnough: (row: ActiveConnection) => boolean,
): Promise<Attempt> {
  const bell = createBell()
  const unsubscribe = deps.db.subscribe(connectionTopic(connectionId), () => bell.ring())
  try {
    const first = await current(deps, connectionId)
    let row = first
    for (let polls = 0; polls < MAX_POLLS; polls++) {
      if (row.generation !== first.generation) return { row, moved: true }
      if (isEnough(row)) return { row, moved: false }
      await refuseWhilePostponed(deps, row, deps.now())
      const lease = await takeLease(deps, row)
      if (lease) return { row: await refreshHeld(deps, connectionId, lease), moved: true }
      await bell.wait(POLL_MS)
      row = await current(deps, connectionId)
    }
    throw unavailable(0)
  } finally {
    unsubscribe()
  }
}

async function current(deps: Deps, connectionId: string): Promise<ActiveConnection> {
  return requireActive(await findConnection(deps.db.read, connectionId), deps.now())
}

/** What the holder of the lease does. */
async function refreshHeld(deps: Deps, connectionId: string, lease: RefreshLease): Promise<ActiveConnection> {
  try {
    const row = await current(deps, connectionId)
    if (row.generation !== lease.generation) return row
    const { tokens, answer } = await releasedOnThrow(deps, row, lease, async () => {
      const tokens = await openTokens(deps, row)
      return { tokens, answer: await askUntilSure(deps, row, tokens, lease) }
    })
    if (answer.kind === 'moved') return answer.row
    if (answer.kind === 'tokens') await storeAnswer(deps, row, tokens, answer.tokens)
    else await noteFault(deps, row, lease, answer)
    // Whoever wrote first: what stands there now is what counts.
    const now = await current(deps, connectionId)
    if (now.generation === row.generation) throw unavailable(GRACE_MS)
    return now
  } finally {
    lease.letGo()
  }
}

async function releasedOnThrow<T>(
  deps: Deps,
  row: ActiveConnection,
  lease: RefreshLease,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    await deps.db.write(({ trx }) => releaseLease(trx, { ...heldOf(deps, row, lease), intentAt: lease.openIntentAt }))
    throw thrown
  }
}

type Moved = { kind: 'moved'; row: ActiveConnection }

/** That a token is dead is believed only when nobody stored another meanwhile, and no earlier answer is on its way. */
async function askUntilSure(
  deps: Deps,
  row: ActiveConnection,
  { refresh_token }: Tokens,
  lease: RefreshLease,
): Promise<RefreshAnswer | Moved> {
  const answer = await askForTokens(deps, row, refresh_token)
  if (answer.kind !== 'dead') return answer
  if (lease.openIntentAt !== null) await sleep(GRACE_MS)
  const now = await current(deps, row.connection_id)
  if (now.generation !== row.generation) return { kind: 'moved', row: now }
  const again = lease.openIntentAt === null ? answer : await askForTokens(deps, row, refresh_token)
  const previous = again.kind === 'dead' ? await previousRefreshToken(deps, row) : undefined
  return previous === undefined ? again : askForTokens(deps, row, previous)
}
