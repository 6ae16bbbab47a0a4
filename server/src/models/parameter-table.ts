import { entryOf, isGiven, type Json, unsupported } from './fields.ts'

/**
 * What becomes of each member of a body on its way into another dialect. What stands in none of the lists is refused:
 * nobody is answered as if something had been done that was not. `docs/models-translation.md` is made of these tables.
 */
export interface ParameterTable {
  /** Who is asked: the beginning of the sentence that refuses. */
  who: string
  /** Said in the other dialect's words. */
  translated: readonly string[]
  /** Left out without a word, because the answer is as good without it. The reason is for the documentation. */
  dropped: Readonly<Record<string, string>>
  /** Refused, unless it asks for nothing. */
  unsupported: Readonly<Record<string, Unsupported>>
}

export interface Unsupported {
  /** Values that ask for nothing, and are therefore left out. */
  neutral: readonly unknown[]
  /** The end of the sentence that refuses. */
  because: string
}

export const names = (...lines: string[]): readonly string[] => lines.flatMap((line) => line.split(' '))

/** Throws for the first member of a body, or of its part at `path`, that could not be honoured. */
export function refuseUnsupported(body: Json, table: ParameterTable, path = ''): void {
  for (const [name, value] of Object.entries(body)) {
    if (!isGiven(value) || table.translated.includes(name) || entryOf(table.dropped, name)) continue
    const known = entryOf(table.unsupported, name)
    if (known?.neutral.some((nothing) => JSON.stringify(nothing) === JSON.stringify(value))) continue
    const why = known?.because ?? `have no use for ${name}; leave it out`
    throw unsupported(path === '' ? name : `${path}.${name}`, `${table.who} ${why}`)
  }
}
