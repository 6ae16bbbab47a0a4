import { streamError } from './anthropic/errors.ts'
import { isJson, type Json } from './fields.ts'

/** The first answer in a chunk of a chat, where there is one. Throws for a chunk that tells of a failure. */
export function firstChoice({ error, choices }: Json): Json | undefined {
  if (error !== undefined && error !== null) throw streamError({ error })
  return Array.isArray(choices) ? choices.filter(isJson).find(({ index }) => !index) : undefined
}
