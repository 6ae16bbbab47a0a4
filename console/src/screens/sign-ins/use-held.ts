import { useState } from 'react'
import type { SignIn } from '../../sign-ins.ts'

interface Held {
  rows: readonly SignIn[]
  of: string
}

/** The list as it was when it was told to hold still, for as long as it is of the same filter. */
export function useHeld(rows: readonly SignIn[] | undefined, of: string) {
  const [held, setHeld] = useState<Held>()
  if (held && held.of !== of) setHeld(undefined)
  const still = held?.of === of ? held : undefined
  const top = still?.rows[0]?.request_id ?? ''
  return {
    shown: still && rows ? withOlder(still.rows, rows) : rows,
    /** How many have come since. */
    waiting: still ? (rows ?? []).filter(({ request_id }) => request_id > top).length : 0,
    held: still !== undefined,
    hold: () => rows && setHeld({ rows, of }),
    release: () => setHeld(undefined),
  }
}

/** Asking for more rows at the end moves nothing. */
function withOlder(still: readonly SignIn[], rows: readonly SignIn[]): readonly SignIn[] {
  const end = still.at(-1)?.request_id
  return end === undefined ? still : [...still, ...rows.filter(({ request_id }) => request_id < end)]
}
