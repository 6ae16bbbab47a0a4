import type { Deps } from '../../context.ts'
import type { Visits } from '../visit.ts'

/** A row as better-auth knows it, its times in our milliseconds. */
export type Model = Record<string, unknown>

/** What better-auth asks for: fields that must be equal to something. */
export type Criteria = Readonly<Record<string, unknown>>

/** How one of better-auth's models stands in a table of ours. It offers what better-auth does with it, and no more. */
export interface ModelTable {
  create(data: Model): Promise<Model>
  find(by: Criteria): Promise<Model[]>
  update(by: Criteria, changes: Model): Promise<Model[]>
  /** How many there were. */
  delete(by: Criteria): Promise<number>
  /** Deletes one and gives it, to one caller only. */
  consume?(by: Criteria): Promise<Model | undefined>
}

export interface AccountsWorld extends Pick<Deps, 'config' | 'db' | 'ring' | 'random' | 'now' | 'log' | 'orgId'> {
  visits: Visits
}

/** better-auth checks what callers send; what it makes of it is text. */
export function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('better-auth gave something that is no text')
  return value
}

export function optionalText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

export function time(value: unknown): number {
  if (typeof value !== 'number') throw new TypeError('better-auth gave something that is no time')
  return value
}

/** A question that better-auth did not ask in the version that this was written for. */
export function unknownQuestion(model: string, by: Criteria): Error {
  return new Error(`better-auth asks ${model} for ${Object.keys(by).join(', ') || 'all'}`)
}
