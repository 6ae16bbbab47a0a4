import { isJson, type Json } from '../fields.ts'

/** A message in one piece as the events that it would have been. */
export function eventsOfMessage(message: Json): Json[] {
  const { content, stop_reason, stop_sequence, stop_details, usage } = message
  const blocks = Array.isArray(content) ? content.filter(isJson) : []
  const said = blocks.flatMap((block, index) => [
    { type: 'content_block_start', index, content_block: emptied(block) },
    ...deltasOf(block).map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ])
  const delta = { stop_reason, stop_sequence, ...(isJson(stop_details) && { stop_details }) }
  return [
    { type: 'message_start', message: { ...message, content: [], stop_reason: null, stop_sequence: null } },
    ...said,
    { type: 'message_delta', delta, usage },
    { type: 'message_stop' },
  ]
}

function emptied(block: Json): Json {
  if (block.type === 'text') return { ...block, text: '' }
  if (block.type === 'thinking') return { ...block, thinking: '' }
  return block.type === 'tool_use' ? { ...block, input: {} } : block
}

function deltasOf({ type, text, thinking, input }: Json): Json[] {
  if (type === 'thinking') return [{ type: 'thinking_delta', thinking }]
  if (type === 'tool_use') return [{ type: 'input_json_delta', partial_json: JSON.stringify(input ?? {}) }]
  return type === 'text' ? [{ type: 'text_delta', text }] : []
}
