import type { Db } from './database.ts'
import { prepared } from './prepared.ts'

interface TokenRefs {
  jti: string
  agentId: string
  clientId: string
  grantId: string
  /** Epoch milliseconds of the token's issue. */
  issuedAt: number
  now: number
}

interface TokenState {
  token_revoked: number
  agent_live: number
  client_known: number
  grant_live: number
}

const state = prepared<TokenRefs, TokenState>((db, param) =>
  db.selectNoFrom((e) => [
    e
      .selectFrom('revoked_token')
      .select((c) => c.fn.countAll<number>().as('n'))
      .where('jti', '=', param('jti'))
      .$asScalar()
      .$notNull()
      .as('token_revoked'),
    e
      .selectFrom('agent')
      .select((c) => c.fn.countAll<number>().as('n'))
      .where('agent_id', '=', param('agentId'))
      .where('disabled_at', 'is', null)
      .where('tokens_not_before', '<=', param('issuedAt'))
      .$asScalar()
      .$notNull()
      .as('agent_live'),
    e
      .selectFrom('client')
      .select((c) => c.fn.countAll<number>().as('n'))
      .where('client_id', '=', param('clientId'))
      .$asScalar()
      .$notNull()
      .as('client_known'),
    e
      .selectFrom('auth_grant')
      .select((c) => c.fn.countAll<number>().as('n'))
      .where('grant_id', '=', param('grantId'))
      .where('revoked_at', 'is', null)
      .where('expires_at', '>', param('now'))
      .$asScalar()
      .$notNull()
      .as('grant_live'),
  ]),
)

/** Everything that can end an access token before its time, in one question. */
export async function findTokenState(
  db: Db,
  refs: TokenRefs,
): Promise<{ tokenRevoked: boolean; agentLive: boolean; clientKnown: boolean; grantLive: boolean }> {
  const [row] = (await state(db, refs)).rows
  return {
    tokenRevoked: Number(row?.token_revoked) > 0,
    agentLive: Number(row?.agent_live) > 0,
    clientKnown: Number(row?.client_known) > 0,
    grantLive: Number(row?.grant_live) > 0,
  }
}
