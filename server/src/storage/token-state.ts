import type { ExpressionBuilder } from 'kysely'
import type { Db } from './database.ts'
import { prepared } from './prepared.ts'
import type { Schema } from './schema.ts'

/** Both are counts of what must be there, or must not. */
interface TokenState {
  revoked: number
  live: number
}

const revocations = (e: ExpressionBuilder<Schema, never>, jti: string) =>
  e
    .selectFrom('revoked_token')
    .select((c) => c.fn.countAll<number>().as('n'))
    .where('jti', '=', jti)
    .$asScalar()
    .$notNull()
    .as('revoked')

const signIn = prepared<{ jti: string; grantId: string; now: number }, TokenState>((db, param) =>
  db.selectNoFrom((e) => [
    revocations(e, param('jti')),
    e
      .selectFrom('auth_grant')
      .select((c) => c.fn.countAll<number>().as('n'))
      .where('grant_id', '=', param('grantId'))
      .where('revoked_at', 'is', null)
      .where('expires_at', '>', param('now'))
      .$asScalar()
      .$notNull()
      .as('live'),
  ]),
)

/**
 * Whether a token of a sign-in still stands. Its grant speaks for agent and website too: who disables or deletes either
 * revokes their grants in the same transaction.
 */
export async function isSignInTokenLive(
  db: Db,
  token: { jti: string; grantId: string; now: number },
): Promise<boolean> {
  return isLive((await signIn(db, token)).rows[0])
}

/** Who acts for somebody whom the operator disabled is out with them. */
const ownerMayAct = (e: ExpressionBuilder<Schema, 'agent'>) =>
  e.exists(
    e
      .selectFrom('person')
      .select('person.user_id')
      .whereRef('person.user_id', '=', 'agent.user_id')
      .where('person.disabled_at', 'is', null),
  )

const ofAgent = prepared<{ jti: string; agentId: string; issuedAt: number }, TokenState>((db, param) =>
  db.selectNoFrom((e) => [
    revocations(e, param('jti')),
    e
      .selectFrom('agent')
      .select((c) => c.fn.countAll<number>().as('n'))
      .where('agent_id', '=', param('agentId'))
      .where('disabled_at', 'is', null)
      .where('tokens_not_before', '<=', param('issuedAt'))
      .where(ownerMayAct)
      .$asScalar()
      .$notNull()
      .as('live'),
  ]),
)

/** Whether a token that an agent got for itself still stands. `issuedAt` in epoch milliseconds. */
export async function isAgentTokenLive(
  db: Db,
  token: { jti: string; agentId: string; issuedAt: number },
): Promise<boolean> {
  return isLive((await ofAgent(db, token)).rows[0])
}

const liveAgent = prepared<{ jti: string; agentId: string; issuedAt: number }, { org_id: string }>((db, param) =>
  db
    .selectFrom('agent')
    .select('org_id')
    .where('agent_id', '=', param('agentId'))
    .where('disabled_at', 'is', null)
    .where('tokens_not_before', '<=', param('issuedAt'))
    .where(ownerMayAct)
    .where((e) => e.not(e.exists(e.selectFrom('revoked_token').select('jti').where('jti', '=', param('jti'))))),
)

/** The organization of an agent whose own token still stands; undefined where it does not. */
export async function findLiveAgentOrganization(
  db: Db,
  token: { jti: string; agentId: string; issuedAt: number },
): Promise<string | undefined> {
  return (await liveAgent(db, token)).rows[0]?.org_id
}

const ofClient = prepared<{ jti: string; clientId: string }, TokenState>((db, param) =>
  db.selectNoFrom((e) => [
    revocations(e, param('jti')),
    e
      .selectFrom('client')
      .select((c) => c.fn.countAll<number>().as('n'))
      .where('client_id', '=', param('clientId'))
      .$asScalar()
      .$notNull()
      .as('live'),
  ]),
)

/** Whether a token that a website got for itself still stands. */
export async function isClientTokenLive(db: Db, token: { jti: string; clientId: string }): Promise<boolean> {
  return isLive((await ofClient(db, token)).rows[0])
}

function isLive(state: TokenState | undefined): boolean {
  return state !== undefined && Number(state.revoked) === 0 && Number(state.live) > 0
}
