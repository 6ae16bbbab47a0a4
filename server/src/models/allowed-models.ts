import type { Payer } from './payer.ts'

/** Tells which models the caller's key is for, by the name that means one alone. */
export function allowedTo({ models }: Pick<Payer, 'models'>): (model: { name: string }) => boolean {
  if (models === null) return () => true
  return ({ name }) =>
    models.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern))
}
