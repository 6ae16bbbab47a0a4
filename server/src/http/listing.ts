import { z } from 'zod'
import { ApiError } from './errors.ts'

/** Lists of the management API. */
export interface Page<T> {
  data: T[]
  next_cursor: string | null
}

const MAX_PAGE = 200

export const ListQuery = z.object({
  limit: z
    .string()
    .regex(/^\d{1,6}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(1).max(MAX_PAGE))
    .default(50),
  cursor: z.string().max(500).optional(),
})

/** RFC 3339, or epoch seconds. */
export const QueryTime = z
  .string()
  .transform((value) => (/^\d{1,12}$/.test(value) ? Number(value) * 1000 : Date.parse(value)))
  .refine((ms) => Number.isFinite(ms), 'must be a time such as 2026-01-31T12:00:00Z')

export interface Position {
  created_at: number
  id: string
}

/** Cursors are opaque to callers, and nothing in them is trusted to be ours. */
export function encodeCursor(position: object): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url')
}

export function decodeCursor<T>(schema: z.ZodType<T>, cursor: string | undefined): T | undefined {
  if (cursor === undefined) return undefined
  try {
    return schema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
  } catch (cause) {
    throw new ApiError('invalid_request', 'The cursor is not one of ours; start again without it', { cause })
  }
}

// NUL cannot be stored in Postgres, nor therefore asked for.
const ID = z
  .string()
  .max(300)
  .refine((id) => !id.includes('\0'))
const Position = z.object({ created_at: z.int(), id: ID })

const IdPosition = z.object({ id: ID })

/** For lists whose ids sort by age. */
export function idCursor(cursor: string | undefined): string | undefined {
  return decodeCursor(IdPosition, cursor)?.id
}

export function listCursor(cursor: string | undefined): Position | undefined {
  return decodeCursor(Position, cursor)
}

/** Where the next page begins, if the one row too many that was asked for is there. */
export function nextCursor<R>(rows: readonly R[], limit: number, positionOf: (row: R) => object): string | null {
  const last = rows[limit - 1]
  return rows.length > limit && last !== undefined ? encodeCursor(positionOf(last)) : null
}
