import { firstChoice } from '../chunk-choice.ts'
import { asText, isJson, type Json } from '../fields.ts'
import type { StreamTranslator } from '../stream-translator.ts'
import { createUsageMeter } from '../usage-of.ts'
import { brokenAnswer } from './errors.ts'
import { emptyMessage, type MessageHead } from './message.ts'
import { toStopReason } from './stop-reason.ts'
import { reasoningOf, signedBlocks } from './thinking-blocks.ts'
import { toToolUseId } from './tools.ts'
import { NO_USAGE, toMessagesUsage } from './usage.ts'

/** A call of a tool, of which fragments come under the index of the chat. */
interface ToolCall {
  id: string
  name: string
  /** All that has come. */
  written: string
  /** Has not been said to the caller yet. */
  held: string
  state: 'waiting' | 'open' | 'closed'
}

/**
 * The chunks of a chat completion as Anthropic's events; `type` is the name of the event. Anthropic writes one block
 * after the other: a call that begins while another is unfinished waits for it.
 */
export function createMessageEvents(head: MessageHead): StreamTranslator {
  const meter = createUsageMeter('chat')
  const calls: ToolCall[] = []
  const callAt = new Map<unknown, ToolCall>()
  let hasBegun = false
  let hasEnded = false
  let index = -1
  let openType: string | undefined
  let finishReason: unknown
  let isRefused = false

  function begin(): Json[] {
    if (hasBegun) return []
    hasBegun = true
    return [{ type: 'message_start', message: emptyMessage(head) }]
  }

  function close(): Json[] {
    if (openType === undefined) return []
    openType = undefined
    return [{ type: 'content_block_stop', index }]
  }

  function openBlock(block: Json): Json[] {
    const closed = close()
    openType = asText(block.type)
    index++
    return [...closed, { type: 'content_block_start', index, content_block: block }]
  }

  const delta = (inner: Json): Json => ({ type: 'content_block_delta', index, delta: inner })

  function writeText(text: unknown): Json[] {
    if (typeof text !== 'string' || text === '') return []
    const opened = openType === 'text' ? [] : [...endCalls(), ...openBlock({ type: 'text', text: '', citations: null })]
    return [...opened, delta({ type: 'text_delta', text })]
  }

  function openThinking(): Json[] {
    if (openType === 'thinking') return []
    return [...endCalls(), ...openBlock({ type: 'thinking', thinking: '', signature: '' })]
  }

  function writeThinking(thinking: unknown): Json[] {
    if (typeof thinking !== 'string' || thinking === '') return []
    return [...openThinking(), delta({ type: 'thinking_delta', thinking })]
  }

  /** Signed thinking comes whole, mostly behind its text. */
  function sign(block: Json): Json[] {
    if (block.type === 'redacted_thinking') return [...endCalls(), ...openBlock(block), ...close()]
    const said = openType === 'thinking' ? [] : [...openThinking(), ...writeThinking(block.thinking)]
    return [...said, delta({ type: 'signature_delta', signature: block.signature }), ...close()]
  }

  function noteFragment(fragment: Json, position: number): Json[] {
    const key = fragment.index ?? position
    const called = isJson(fragment.function) ? fragment.function : {}
    const call = callOf(key, fragment.id, called.name)
    const text = typeof called.arguments === 'string' ? called.arguments : ''
    call.written += text
    call.held += text
    return advance()
  }

  /** Some providers number all parallel calls 0: another id is another call. */
  function callOf(key: unknown, id: unknown, name: unknown): ToolCall {
    const known = callAt.get(key)
    if (known && (typeof id !== 'string' || id === '' || toToolUseId(id) === known.id)) return known
    const call: ToolCall = {
      id: toToolUseId(asText(id ?? `call_${calls.length}`)),
      name: asText(name ?? ''),
      written: '',
      held: '',
      state: 'waiting',
    }
    calls.push(call)
    callAt.set(key, call)
    return call
  }

  /** Says what can be said of the calls: those in front that are complete, and the first that is not. */
  function advance(): Json[] {
    const events: Json[] = []
    for (const [i, call] of calls.entries()) {
      if (call.state === 'waiting') events.push(...openCall(call))
      events.push(...writeHeld(call))
      const isLast = i === calls.length - 1
      if (!isLast && call.state === 'open' && isComplete(call)) events.push(...closeCall(call))
      if (call.state !== 'closed') break
    }
    return events
  }

  function openCall(call: ToolCall): Json[] {
    call.state = 'open'
    return openBlock({ type: 'tool_use', id: call.id, name: call.name, input: {} })
  }

  function writeHeld(call: ToolCall): Json[] {
    const text = call.held
    call.held = ''
    if (text === '') return []
    if (call.state === 'open') return [delta({ type: 'input_json_delta', partial_json: text })]
    if (text.trim() === '') return []
    throw brokenAnswer('arguments for a call that was complete')
  }

  function closeCall(call: ToolCall): Json[] {
    call.state = 'closed'
    return close()
  }

  /** What comes behind calls, or the end of the stream, ends them all. */
  function endCalls(): Json[] {
    return calls
      .filter(({ state }) => state !== 'closed')
      .flatMap((call) => [...(call.state === 'waiting' ? openCall(call) : []), ...writeHeld(call), ...closeCall(call)])
  }

  function translateChoice(choice: Json): Json[] {
    finishReason = choice.finish_reason ?? finishReason
    const said = isJson(choice.delta) ? choice.delta : {}
    if (typeof said.refusal === 'string') isRefused = true
    const fragments = Array.isArray(said.tool_calls) ? said.tool_calls.filter(isJson) : []
    return [
      ...writeThinking(reasoningOf(said)),
      ...signedBlocks(said).flatMap(sign),
      ...writeText(said.content),
      ...writeText(said.refusal),
      ...fragments.flatMap(noteFragment),
    ]
  }

  function finish(stopReason: string): Json[] {
    hasEnded = true
    const usage = toMessagesUsage(meter.read()?.usage ?? NO_USAGE)
    return [
      ...endCalls(),
      ...close(),
      { type: 'message_delta', delta: { stop_reason: stopReason, stop_sequence: null }, usage },
      { type: 'message_stop' },
    ]
  }

  return {
    push(chunk) {
      if (hasEnded || !isJson(chunk)) return []
      const choice = firstChoice(chunk)
      meter.push(chunk)
      return choice === undefined ? [] : [...begin(), ...translateChoice(choice)]
    },
    end() {
      if (hasEnded) return []
      if (typeof finishReason !== 'string') throw brokenAnswer('half an answer')
      return finish(isRefused ? 'refusal' : toStopReason(finishReason, calls.length > 0))
    },
    cut: () => (hasEnded ? [] : [...begin(), ...finish('max_tokens')]),
  }
}

function isComplete({ written }: ToolCall): boolean {
  try {
    JSON.parse(written)
    return true
  } catch {
    return false
  }
}
