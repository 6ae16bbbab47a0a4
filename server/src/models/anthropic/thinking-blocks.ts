import { isJson, type Json } from '../fields.ts'

/**
 * Thinking goes to chat callers twice: as `reasoning_content`, to be read, and as `thinking_blocks`, to be sent back.
 * Anthropic takes its thinking back only whole and signed, which is what the blocks are; both names are in wide use.
 */
export function signedBlocks(message: Json): Json[] {
  if (!Array.isArray(message.thinking_blocks)) return []
  return message.thinking_blocks.filter(isJson).filter(isSigned).map(toThinkingBlock)
}

export function isSigned(block: Json): boolean {
  if (block.type === 'redacted_thinking') return typeof block.data === 'string'
  return block.type === 'thinking' && typeof block.signature === 'string' && block.signature !== ''
}

export function toThinkingBlock(block: Json): Json {
  if (block.type === 'redacted_thinking') return { type: 'redacted_thinking', data: block.data }
  return { type: 'thinking', thinking: block.thinking ?? '', signature: block.signature }
}

/** Under the names that providers of OpenAI's shape give to it. */
export function reasoningOf(message: Json): string {
  if (typeof message.reasoning_content === 'string') return message.reasoning_content
  return typeof message.reasoning === 'string' ? message.reasoning : ''
}
