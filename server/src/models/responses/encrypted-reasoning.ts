import { isSigned, toThinkingBlock } from '../anthropic/thinking-blocks.ts'
import { isJson, type Json } from '../fields.ts'

/** Before what we wrote, as against what OpenAI encrypted. */
const OURS = 'anthropic.'

/**
 * Signed thinking in the one place that a response has for what only its model can read. It is as secret as the
 * caller's own conversation is to the caller; the signature in it is checked by Anthropic.
 */
export function toEncryptedContent(block: Json): string {
  return `${OURS}${Buffer.from(JSON.stringify(toThinkingBlock(block))).toString('base64url')}`
}

/** Undefined for what another model's reasoning left, which Anthropic cannot read. */
export function readEncryptedContent(encrypted: unknown): Json | undefined {
  if (typeof encrypted !== 'string' || !encrypted.startsWith(OURS)) return undefined
  try {
    const block: unknown = JSON.parse(Buffer.from(encrypted.slice(OURS.length), 'base64url').toString())
    return isJson(block) && isSigned(block) ? toThinkingBlock(block) : undefined
  } catch {
    return undefined
  }
}
