import type { CallToolResult } from '@modelcontextprotocol/server'
import { describeError } from '../../http/error-shapes.ts'
import type { ApiError } from '../../http/errors.ts'

/** What a tool says: for programs, and as text for models that see nothing else. */
export function toolResult(said: Record<string, unknown>, isError = false): CallToolResult {
  return { content: [{ type: 'text', text: JSON.stringify(said) }], structuredContent: said, isError }
}

/** A failure that the model reads, and can do something about. */
export function toolFailure(error: ApiError): CallToolResult {
  return toolResult(describeError(error), true)
}
