import { type Selectable, sql } from 'kysely'
import type { Db } from './database.ts'
import { prepared } from './prepared.ts'
import type { AuthorizationRequestTable } from './schema.ts'

export type AuthorizationRequestRow = Selectable<AuthorizationRequestTable>

/** What /authorize knows of a request; the rest fills in as the sign-in goes on. */
export type NewAuthorizationRequest = Pick<
  AuthorizationRequestRow,
  | 'request_id'
  | 'org_id'
  | 'client_id'
  | 'redirect_uri'
  | 'state'
  | 'scope'
  | 'nonce'
  | 'code_challenge'
  | 'resource'
  | 'acr_values'
  | 'browser_hash'
  | 'address_hash'
  | 'created_at'
  | 'expires_at'
  | 'login_after'
  | 'asks_consent'
>

const insert = prepared<NewAuthorizationRequest, unknown>((db, param) =>
  db.insertInto('authorization_request').values({
    request_id: param('request_id'),
    org_id: param('org_id'),
    client_id: param('client_id'),
    redirect_uri: param('redirect_uri'),
    state: param('state'),
    scope: param('scope'),
    nonce: param('nonce'),
    code_challenge: param('code_challenge'),
    resource: param('resource'),
    acr_values: param('acr_values'),
    browser_hash: param('browser_hash'),
    address_hash: param('address_hash'),
    status: 'pending',
    created_at: param('created_at'),
    expires_at: param('expires_at'),
    login_after: param('login_after'),
    asks_consent: param('asks_consent'),
  }),
)

export async function insertAuthorizationRequest(trx: Db, request: NewAuthorizationRequest): Promise<void> {
  await insert(trx, request)
}

const byId = prepared<{ requestId: string }, AuthorizationRequestRow>((db, param) =>
  db.selectFrom('authorization_request').selectAll().where('request_id', '=', param('requestId')),
)

export async function findAuthorizationRequest(
  db: Db,
  requestId: string,
): Promise<AuthorizationRequestRow | undefined> {
  return (await byId(db, { requestId })).rows[0]
}

const pendingFrom = prepared<{ addressHash: string; now: number; limit: number }, { count: number }>((db, param) =>
  db
    .selectFrom((inner) =>
      inner
        .selectFrom('authorization_request')
        .select(sql.lit(1).as('one'))
        .where('address_hash', '=', param('addressHash'))
        .where('expires_at', '>', param('now'))
        // A literal, for the partial index to be found.
        .where('status', '=', sql.lit<'pending'>('pending'))
        .limit(param('limit'))
        .as('pending'),
    )
    .select((e) => e.fn.countAll<number>().as('count')),
)

/** How many requests an address has open, counted no further than `limit`. */
export async function countPendingRequests(db: Db, addressHash: string, now: number, limit: number): Promise<number> {
  const [row] = (await pendingFrom(db, { addressHash, now, limit })).rows
  return Number(row?.count ?? 0)
}

const byCode = prepared<{ codeHash: string }, AuthorizationRequestRow>((db, param) =>
  db.selectFrom('authorization_request').selectAll().where('code_hash', '=', param('codeHash')),
)

/** By the hash of its code, under any key of the ring. */
export async function findAuthorizationRequestByCode(
  db: Db,
  codeHashes: readonly string[],
): Promise<AuthorizationRequestRow | undefined> {
  for (const codeHash of codeHashes) {
    const [row] = (await byCode(db, { codeHash })).rows
    if (row) return row
  }
  return undefined
}

interface Authentication {
  requestId: string
  agentId: string
  agentOrgId: string
  model: string
  level: number
  now: number
}

const authenticate = prepared<Authentication, unknown>((db, param) =>
  db
    .updateTable('authorization_request')
    .set({
      status: 'authenticated',
      agent_id: param('agentId'),
      agent_org_id: param('agentOrgId'),
      model: param('model'),
      level: param('level'),
      authenticated_at: param('now'),
    })
    .where('request_id', '=', param('requestId'))
    .where('status', '=', 'pending')
    .where('expires_at', '>', param('now')),
)

const askApproval = prepared<Authentication, unknown>((db, param) =>
  db
    .updateTable('authorization_request')
    .set({
      status: 'approval_required',
      agent_id: param('agentId'),
      agent_org_id: param('agentOrgId'),
      model: param('model'),
      level: param('level'),
      approval_asked_at: param('now'),
    })
    .where('request_id', '=', param('requestId'))
    .where('status', '=', 'pending')
    .where('expires_at', '>', param('now')),
)

/** pending -> approval_required: the agent has proved itself, and a person is asked. True for one agent only. */
export async function setApprovalRequired(trx: Db, authentication: Authentication): Promise<boolean> {
  return (await askApproval(trx, authentication)).changed === 1
}

interface Decision {
  requestId: string
  status: 'authenticated' | 'denied'
  level: number | null
  decidedBy: string
  now: number
}

/** approval_required -> authenticated or denied. True for the one decision that counts. */
export async function setDecision(trx: Db, { requestId, status, level, decidedBy, now }: Decision): Promise<boolean> {
  const decided = await trx
    .updateTable('authorization_request')
    .set({
      status,
      decided_by: decidedBy,
      decided_at: now,
      ...(status === 'authenticated' && { authenticated_at: now, level }),
    })
    .where('request_id', '=', requestId)
    .where('status', '=', 'approval_required')
    .where('expires_at', '>', now)
    .executeTakeFirst()
  return decided.numUpdatedRows === 1n
}

/** pending -> authenticated by a person, at the level of a password or a passkey. True for one only. */
export async function setSignedIn(
  trx: Db,
  { requestId, userId, now }: { requestId: string; userId: string; now: number },
): Promise<boolean> {
  const signedIn = await trx
    .updateTable('authorization_request')
    .set({ status: 'authenticated', user_id: userId, level: 1, authenticated_at: now })
    .where('request_id', '=', requestId)
    .where('status', '=', 'pending')
    .where('expires_at', '>', now)
    .executeTakeFirst()
  return signedIn.numUpdatedRows === 1n
}

/** pending -> denied, by the person who was asked. True for one only. */
export async function setRefusedByPerson(
  trx: Db,
  { requestId, userId, now }: { requestId: string; userId: string; now: number },
): Promise<boolean> {
  const refused = await trx
    .updateTable('authorization_request')
    .set({ status: 'denied', user_id: userId, decided_by: userId, decided_at: now })
    .where('request_id', '=', requestId)
    .where('status', '=', 'pending')
    .where('expires_at', '>', now)
    .executeTakeFirst()
  return refused.numUpdatedRows === 1n
}

interface Failure {
  requestId: string
  agentId: string | null
  reason: string
  now: number
}

const fail = prepared<Failure, Pick<AuthorizationRequestRow, 'request_id' | 'org_id' | 'agent_org_id'>>((db, param) =>
  db
    .updateTable('authorization_request')
    .set({ failure: param('reason'), failed_at: param('now'), failed_agent_id: param('agentId') })
    .where('request_id', '=', param('requestId'))
    .where('status', '=', 'pending')
    .returning(['request_id', 'org_id', 'agent_org_id']),
)

/** Notes a try that was refused; it does not end the request. The request, if it was still open. */
export async function setFailure(trx: Db, failure: Failure) {
  return (await fail(trx, failure)).rows[0]
}

/** pending -> authenticated. True for one agent only, however many try. */
export async function setAuthenticated(trx: Db, authentication: Authentication): Promise<boolean> {
  return (await authenticate(trx, authentication)).changed === 1
}

interface CodeIssue {
  requestId: string
  codeHash: string
  now: number
  /** A code issued before this has run out and may be replaced. */
  staleBefore: number
}

const issueCode = prepared<CodeIssue, unknown>((db, param) =>
  db
    .updateTable('authorization_request')
    .set({ code_hash: param('codeHash'), code_issued_at: param('now') })
    .where('request_id', '=', param('requestId'))
    .where('status', '=', 'authenticated')
    .where((e) => e.or([e('code_issued_at', 'is', null), e('code_issued_at', '<=', param('staleBefore'))]))
    .where('expires_at', '>', param('now')),
)

/** True for one caller only; the others read what it stored. */
export async function setCode(trx: Db, issue: CodeIssue): Promise<boolean> {
  return (await issueCode(trx, issue)).changed === 1
}

const complete = prepared<{ requestId: string; codeHash: string; grantId: string; now: number }, unknown>((db, param) =>
  db
    .updateTable('authorization_request')
    .set({ status: 'completed', completed_at: param('now'), grant_id: param('grantId') })
    .where('request_id', '=', param('requestId'))
    .where('code_hash', '=', param('codeHash'))
    .where('status', '=', 'authenticated'),
)

/** authenticated -> completed, as the code is exchanged. True for one caller only, however many try. */
export async function consumeCode(
  trx: Db,
  exchange: { requestId: string; codeHash: string; grantId: string; now: number },
): Promise<boolean> {
  return (await complete(trx, exchange)).changed === 1
}

/** Ends what is under way for a client whose redirect URIs changed, or an agent that is disabled. What it ended. */
export async function denyOpenRequests(
  trx: Db,
  by: { client_id: string } | { agent_id: string },
): Promise<Pick<AuthorizationRequestRow, 'request_id' | 'org_id' | 'agent_org_id'>[]> {
  const [column, value] =
    'client_id' in by ? (['client_id', by.client_id] as const) : (['agent_id', by.agent_id] as const)
  return trx
    .updateTable('authorization_request')
    .set({ status: 'denied' })
    .where(column, '=', value)
    .where('status', 'in', ['pending', 'approval_required', 'authenticated'])
    .returning(['request_id', 'org_id', 'agent_org_id'])
    .execute()
}
