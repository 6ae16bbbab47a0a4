import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { Adapter, Payload } from 'oidc-provider'

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA busy_timeout = 5000;
  PRAGMA cache_size = -64000;

  CREATE TABLE IF NOT EXISTS artifact (
    model TEXT NOT NULL,
    id TEXT NOT NULL,
    payload TEXT NOT NULL,
    uid TEXT,
    user_code TEXT,
    grant_id TEXT,
    consumed_at INTEGER,
    expires_at INTEGER,
    PRIMARY KEY (model, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS artifact_uid ON artifact (model, uid) WHERE uid IS NOT NULL;
  CREATE INDEX IF NOT EXISTS artifact_user_code ON artifact (model, user_code) WHERE user_code IS NOT NULL;
  CREATE INDEX IF NOT EXISTS artifact_grant_id ON artifact (grant_id) WHERE grant_id IS NOT NULL;
`

const UPSERT = `
  INSERT INTO artifact (model, id, payload, uid, user_code, grant_id, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (model, id) DO UPDATE SET payload = excluded.payload, uid = excluded.uid,
    user_code = excluded.user_code, grant_id = excluded.grant_id, expires_at = excluded.expires_at`

const LIVE = 'AND (expires_at IS NULL OR expires_at > ?)'
const COLUMNS = 'SELECT payload, consumed_at FROM artifact WHERE model = ?'

type Statements = Record<'upsert' | 'find' | 'uid' | 'userCode' | 'consume' | 'destroy' | 'revoke', StatementSync>

/**
 * Durable storage for the peer, as one who knows SQLite would write it: one row for each artifact, indexes
 * for every lookup, statements prepared once, each write its own commit as the interface asks.
 */
export function sqliteAdapter(path: string): (model: string) => Adapter {
  const db = new DatabaseSync(path)
  db.exec(SCHEMA)
  const statements: Statements = {
    upsert: db.prepare(UPSERT),
    find: db.prepare(`${COLUMNS} AND id = ? ${LIVE}`),
    uid: db.prepare(`${COLUMNS} AND uid = ? ${LIVE}`),
    userCode: db.prepare(`${COLUMNS} AND user_code = ? ${LIVE}`),
    consume: db.prepare('UPDATE artifact SET consumed_at = ? WHERE model = ? AND id = ?'),
    destroy: db.prepare('DELETE FROM artifact WHERE model = ? AND id = ?'),
    revoke: db.prepare('DELETE FROM artifact WHERE grant_id = ?'),
  }
  return (model) => modelAdapter(statements, model)
}

function modelAdapter(statements: Statements, model: string): Adapter {
  const read = (statement: StatementSync, key: string) => toPayload(statement.get(model, key, epoch()))
  return {
    async upsert(id, payload, expiresIn) {
      const { uid = null, userCode = null, grantId = null } = payload
      const expiresAt = expiresIn ? epoch() + expiresIn : null
      statements.upsert.run(model, id, JSON.stringify(payload), uid, userCode, grantId, expiresAt)
    },
    find: async (id) => read(statements.find, id),
    findByUid: async (uid) => read(statements.uid, uid),
    findByUserCode: async (userCode) => read(statements.userCode, userCode),
    async consume(id) {
      statements.consume.run(epoch(), model, id)
    },
    async destroy(id) {
      statements.destroy.run(model, id)
    },
    async revokeByGrantId(grantId) {
      statements.revoke.run(grantId)
    },
  }
}

function toPayload(row: ReturnType<StatementSync['get']>): Payload | undefined {
  if (!row) return undefined
  const payload: Payload = JSON.parse(String(row.payload))
  return row.consumed_at === null ? payload : { ...payload, consumed: Number(row.consumed_at) }
}

function epoch(): number {
  return Math.floor(Date.now() / 1000)
}
