import type { Deps } from '../../context.ts'
import { ApiError } from '../../http/errors.ts'
import type { Form } from '../../http/form.ts'
import { findGrant, type GrantRow, revokeGrant } from '../../storage/grants.ts'
import {
  findRefreshToken,
  insertRefreshToken,
  type RefreshTokenRow,
  rotateRefreshToken,
} from '../../storage/refresh-tokens.ts'
import { narrowedResources } from '../resource.ts'
import { requestedScope } from '../scope.ts'
import { findSubject } from '../sign-in-subject.ts'
import { refreshTokenRow, signInTokens } from '../sign-in-tokens.ts'
import type { BearerTokenResponse, Grant } from './grant.ts'

/** RFC 6749 §6 with rotation (OAuth 2.1 §4.3.1). An answer that was lost can be asked again; a token used twice ends the sign-in. */
export const refreshToken: Grant = async (deps, caller, form, now) => {
  const token = form.required('refresh_token')
  const row = await findRefreshToken(deps.db.read, deps.ring.hashes('refresh_token', token))
  const grant = row && (await findGrant(deps.db.read, row.grant_id))
  if (!grant || grant.client_id !== caller.id)
    throw new ApiError('invalid_grant', 'The refresh token is not yours, or has ended')
  if (grant.revoked_at !== null || grant.expires_at <= now) throw ended()
  if (row.rotated_at !== null) return reused(deps, row, grant, form, now)
  if (row.expires_at <= now) throw ended()

  const subject = await findSubject(deps.db.read, grant)
  if (!subject) throw new ApiError('invalid_grant', 'The agent may no longer sign in')
  const scope = requestedScope(form.get('scope'), grant.scope)
  const resources = narrowedResources(JSON.parse(grant.resource), form.all('resource'))
  const answer = signInTokens(deps, { grant, subject, scope, resources, withRefreshToken: true }, now)
  const successor = refreshTokenRow(deps, answer.refresh_token ?? '', grant, now)
  const replay: Replay = { asked: askedOf(form), answer }
  const replaySealed = deps.ring.seal(JSON.stringify(replay), replayRecord(row.token_hash))

  const won = await deps.db.write(async ({ trx, record }) => {
    if (
      !(await rotateRefreshToken(trx, {
        tokenHash: row.token_hash,
        successorHash: successor.token_hash,
        replaySealed,
        now,
      }))
    )
      return false
    await insertRefreshToken(trx, successor)
    record({
      at: now,
      org_id: grant.org_id,
      actor: caller.id,
      action: 'token.refreshed',
      target: grant.grant_id,
      client_id: caller.id,
      agent_id: grant.agent_id,
      detail: { scope },
    })
    return true
  })
  if (won) return answer

  // Another call with the same token was first: what it got is the answer to both.
  const rotated = await findRefreshToken(deps.db.read, [row.token_hash])
  if (!rotated) throw ended()
  return reused(deps, rotated, grant, form, now)
}

function ended(): ApiError {
  return new ApiError('invalid_grant', 'The refresh token has ended; let the agent sign in again')
}

/** What is kept of a rotation for its window: the answer, and what was asked, for only the same question has the same answer. */
interface Replay {
  asked: string
  answer: BearerTokenResponse
}

const askedOf = (form: Form) => JSON.stringify([form.get('scope') ?? null, ...form.all('resource')])
/** What the answer of a rotation is bound to. */
export const replayRecord = (tokenHash: string) => `refresh_token.replay_sealed:${tokenHash}`

/** A token that was rotated comes again: either its answer was lost on the way, or two hold it (RFC 9700 §4.14.2). */
async function reused(
  deps: Deps,
  row: RefreshTokenRow,
  grant: GrantRow,
  form: Form,
  now: number,
): Promise<BearerTokenResponse> {
  const replay = await findReplay(deps, row, now)
  if (replay && replay.asked === askedOf(form)) return replay.answer

  await deps.db.write(async ({ trx, record }) => {
    if (!(await revokeGrant(trx, grant.grant_id, 'refresh_token_reused', now))) return
    record({
      at: now,
      org_id: grant.org_id,
      actor: grant.client_id,
      action: 'grant.revoked',
      target: grant.grant_id,
      client_id: grant.client_id,
      agent_id: grant.agent_id,
      detail: { reason: 'refresh_token_reused' },
    })
  })
  throw new ApiError('invalid_grant', 'The refresh token was used before; the sign-in has been ended')
}

/** Within the window, and while the token it led to is unused. */
async function findReplay(deps: Deps, row: RefreshTokenRow, now: number): Promise<Replay | undefined> {
  const until = (row.rotated_at ?? 0) + deps.config.lifetimes.refreshReplay * 1000
  if (row.replay_sealed === null || row.successor_hash === null || now > until) return undefined
  const successor = await findRefreshToken(deps.db.read, [row.successor_hash])
  if (!successor || successor.rotated_at !== null) return undefined
  return JSON.parse(deps.ring.unseal(row.replay_sealed, replayRecord(row.token_hash)))
}
