import type { Selectable } from 'kysely'
import type { Db } from './database.ts'
import { prepared } from './prepared.ts'
import type { RefreshTokenTable } from './schema.ts'

export type RefreshTokenRow = Selectable<RefreshTokenTable>
export type NewRefreshToken = Pick<RefreshTokenRow, 'token_hash' | 'grant_id' | 'created_at' | 'expires_at'>

const insert = prepared<NewRefreshToken, unknown>((db, param) =>
  db.insertInto('refresh_token').values({
    token_hash: param('token_hash'),
    grant_id: param('grant_id'),
    created_at: param('created_at'),
    expires_at: param('expires_at'),
  }),
)

export async function insertRefreshToken(trx: Db, token: NewRefreshToken): Promise<void> {
  await insert(trx, token)
}

const byHash = prepared<{ tokenHash: string }, RefreshTokenRow>((db, param) =>
  db.selectFrom('refresh_token').selectAll().where('token_hash', '=', param('tokenHash')),
)

/** By its hash, under any key of the ring. */
export async function findRefreshToken(db: Db, hashes: readonly string[]): Promise<RefreshTokenRow | undefined> {
  for (const tokenHash of hashes) {
    const [row] = (await byHash(db, { tokenHash })).rows
    if (row) return row
  }
  return undefined
}

interface Rotation {
  tokenHash: string
  successorHash: string
  replaySealed: string
  now: number
}

const rotate = prepared<Rotation, unknown>((db, param) =>
  db
    .updateTable('refresh_token')
    .set({ rotated_at: param('now'), successor_hash: param('successorHash'), replay_sealed: param('replaySealed') })
    .where('token_hash', '=', param('tokenHash'))
    .where('rotated_at', 'is', null)
    .where('expires_at', '>', param('now')),
)

/** True for one caller only, however many try. */
export async function rotateRefreshToken(trx: Db, rotation: Rotation): Promise<boolean> {
  return (await rotate(trx, rotation)).changed === 1
}
