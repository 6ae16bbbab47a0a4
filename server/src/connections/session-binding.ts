import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Deps, Principal } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import {
  type ConnectionFlowRow,
  findHeldFlow,
  holdConsent,
  listUnconfirmedFlows,
  releaseHeldFlow,
} from '../storage/connection-flows.ts'
import type { Work } from '../storage/database.ts'
import { activate } from './activation.ts'
import type { Consent } from './code-exchange.ts'
import { heldConsentRecord, sealedOf } from './flow-secrets.ts'
import { openSealed } from './integrity.ts'
import { requireConnection, requireConnectionsCaller } from './policy.ts'
import { revokeTokens } from './revocation.ts'
import { type ConnectionView, connectionView } from './views.ts'

/**
 * Who sends somebody else the link would have that person's account in their own connection. A caller that asks with a
 * `session_challenge` (S256, as in RFC 7636 §4.2) keeps its verifier in the session of the person in front of it; what
 * comes back is good only once the session that it came back to has shown the verifier.
 */
export const SessionChallenge = z.string().regex(/^[\w-]{43}$/, 'must be the base64url of a SHA-256')

/** `POST /v1/connections/{id}/confirm`. RFC 7636 §4.1. */
export const Confirmation = z.object({
  session_verifier: z.string().regex(/^[\w.~-]{43,128}$/, 'must have 43 to 128 characters of A-Z a-z 0-9 - . _ ~'),
})

export async function holdForSession({ db, ring }: Deps, flow: ConnectionFlowRow, consent: Consent): Promise<void> {
  const sealed = ring.seal(JSON.stringify(consent), heldConsentRecord(flow.state_hash))
  await db.write(({ trx }) => holdConsent(trx, flow.state_hash, sealed))
}

/** Makes a connection active that waits for the session that began it. */
export async function confirmConnection(
  deps: Deps,
  connectionId: string,
  { session_verifier }: z.output<typeof Confirmation>,
  principal: Principal,
): Promise<ConnectionView> {
  requireConnectionsCaller(principal)
  const { org_id, provider_name: provider } = await requireConnection(deps, connectionId, principal)

  const challenge = createHash('sha256').update(session_verifier).digest('base64url')
  const release = async (work: Work) => {
    const flow = await findHeldFlow(work.trx, connectionId, challenge, deps.now())
    if (!flow || !(await releaseHeldFlow(work.trx, flow.state_hash))) throw nothingWaits()
    const consent: Consent = JSON.parse(deps.ring.unseal(flow.secrets_sealed, heldConsentRecord(flow.state_hash)))
    if (!(await activate(deps, work, flow, consent))) throw nothingWaits()
  }
  await openSealed(deps, { org_id, target: connectionId, provider }, () => deps.db.write(release))
  return connectionView(await requireConnection(deps, connectionId, principal), deps.now())
}

const ROUND = 100

/** Has the provider forget what nobody confirmed in time. */
export async function revokeUnconfirmed(deps: Deps): Promise<void> {
  for (const flow of await listUnconfirmedFlows(deps.db.read, deps.now(), ROUND)) {
    const { state_hash: stateHash, secrets_sealed: sealed, provider_name: provider } = flow
    if (!(await deps.db.write(({ trx }) => releaseHeldFlow(trx, stateHash)))) continue
    try {
      const consent = await openSealed(deps, sealedOf(flow), () =>
        deps.ring.unseal(sealed, heldConsentRecord(stateHash)),
      )
      const { tokens, parameters }: Consent = JSON.parse(consent)
      await revokeTokens(deps, { provider, parameters, tokens })
    } catch (error) {
      deps.log.warn({ provider, error }, 'a consent that nobody confirmed cannot be opened, nor revoked')
    }
  }
}

function nothingWaits(): ApiError {
  return new ApiError('invalid_request', 'No consent waits for this session_verifier; ask for the connection again')
}
