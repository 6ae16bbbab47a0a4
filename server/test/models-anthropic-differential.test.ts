import { createAnthropic } from '@ai-sdk/anthropic'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createEventScanner, writeEvent } from '../src/http/event-stream.ts'
import { createChatChunks } from '../src/models/anthropic/chat-chunks.ts'
import { toChatCompletion } from '../src/models/anthropic/chat-completion.ts'
import { toMessagesRequest } from '../src/models/anthropic/messages-request.ts'
import type { Json } from '../src/models/fields.ts'
import { type Answer, anthropicEvents, messageOf } from './models-anthropic-answers.ts'

/**
 * The same conversation through our translation and through another, which is in wide use. Known to differ, and left out
 * here: they ask for arguments of tools to be streamed eagerly, add the budget of thinking to `max_tokens`, drop `top_p`
 * beside `temperature`, send a temperature of 1, and word the limits of a schema otherwise.
 */

const MODEL = 'claude-sonnet-4-6'
type Call = Parameters<ReturnType<ReturnType<typeof createAnthropic>>['doGenerate']>[0]

/** Their client, whose provider answers with what is given; and the body that it was sent. */
function theirs(model: string, answer: () => Response) {
  const sent: Json[] = []
  const fetch = async (_: unknown, init?: RequestInit) => {
    sent.push(JSON.parse(String(init?.body)))
    return answer()
  }
  return { model: createAnthropic({ apiKey: 'none', baseURL: 'http://127.0.0.1/v1', fetch })(model), sent }
}

function jsonAnswer(answer: Answer, stopReason: string): () => Response {
  return () => Response.json(messageOf(answer, stopReason))
}

const NOTHING: Answer = { thinking: '', texts: ['x'], calls: [] }

async function theirRequest(call: Call, model = MODEL): Promise<Json | undefined> {
  const client = theirs(model, jsonAnswer(NOTHING, 'end_turn'))
  await client.model.doGenerate(call)
  return client.sent[0]
}

const text = fc.string({ unit: 'grapheme', minLength: 1 }).filter((said) => said.trim() === said && said !== '')
const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/)
const input = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.oneof(text, fc.integer(), fc.boolean()), {
  maxKeys: 3,
})
const PIXEL = 'iVBORw0KGgo='

/** One thing that is said, in their words and in those of a chat. */
interface Said {
  theirs: Call['prompt']
  chat: Json[]
}

const user: fc.Arbitrary<Said> = fc.tuple(text, fc.constantFrom('none', 'png', 'url', 'pdf')).map(([said, shown]) => {
  const parts = {
    none: [],
    png: [
      {
        theirs: { type: 'file' as const, mediaType: 'image/png', data: { type: 'data' as const, data: PIXEL } },
        chat: { type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}` } },
      },
    ],
    url: [
      {
        theirs: {
          type: 'file' as const,
          mediaType: 'image/*',
          data: { type: 'url' as const, url: new URL('https://example.com/a.png') },
        },
        chat: { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
      },
    ],
    pdf: [
      {
        theirs: {
          type: 'file' as const,
          mediaType: 'application/pdf',
          filename: 'a.pdf',
          data: { type: 'data' as const, data: PIXEL },
        },
        chat: { type: 'file', file: { filename: 'a.pdf', file_data: `data:application/pdf;base64,${PIXEL}` } },
      },
    ],
  }[shown as 'none' | 'png' | 'url' | 'pdf']
  return {
    theirs: [{ role: 'user', content: [{ type: 'text', text: said }, ...parts.map((part) => part.theirs)] }],
    chat: [{ role: 'user', content: [{ type: 'text', text: said }, ...parts.map((part) => part.chat)] }],
  }
})

const toolRound: fc.Arbitrary<Said> = fc
  .tuple(text, fc.uniqueArray(fc.tuple(id, input, text), { minLength: 1, maxLength: 3, selector: ([one]) => one }))
  .map(([said, calls]) => ({
    theirs: [
      {
        role: 'assistant',
        content: [
          { type: 'text', text: said },
          ...calls.map(([toolCallId, args]) => ({
            type: 'tool-call' as const,
            toolCallId,
            toolName: 'lookup',
            input: args,
          })),
        ],
      },
      {
        role: 'tool',
        content: calls.map(([toolCallId, , result]) => ({
          type: 'tool-result' as const,
          toolCallId,
          toolName: 'lookup',
          output: { type: 'text' as const, value: result },
        })),
      },
    ],
    chat: [
      {
        role: 'assistant',
        content: said,
        tool_calls: calls.map(([one, args]) => ({
          id: one,
          type: 'function',
          function: { name: 'lookup', arguments: JSON.stringify(args) },
        })),
      },
      ...calls.map(([one, , result]) => ({ role: 'tool', tool_call_id: one, content: result })),
    ],
  }))

const assistant: fc.Arbitrary<Said> = fc.tuple(text, fc.boolean()).map(([said, thinks]) => ({
  theirs: [
    {
      role: 'assistant',
      content: [
        ...(thinks
          ? [{ type: 'reasoning' as const, text: 'hm', providerOptions: { anthropic: { signature: 'signed' } } }]
          : []),
        { type: 'text', text: said },
      ],
    },
  ],
  chat: [
    {
      role: 'assistant',
      content: said,
      ...(thinks && { thinking_blocks: [{ type: 'thinking', thinking: 'hm', signature: 'signed' }] }),
    },
  ],
}))

const conversation = fc
  .tuple(fc.array(text, { maxLength: 2 }), user, fc.array(fc.oneof(toolRound, assistant, user), { maxLength: 5 }), user)
  .map(([systems, first, middle, last]): Said => {
    const all = [first, ...middle, last]
    return {
      theirs: [
        ...systems.map((content) => ({ role: 'system' as const, content })),
        ...all.flatMap((said) => said.theirs),
      ],
      chat: [...systems.map((content) => ({ role: 'system', content })), ...all.flatMap((said) => said.chat)],
    }
  })

const schema = { type: 'object' as const, properties: { q: { type: 'string' as const } }, required: ['q'] }
const lookup = { name: 'lookup', description: 'Looks up' }

/** Settings in both words; each may be missing. */
const SETTINGS: readonly [Partial<Call>, Json][] = [
  [{ temperature: 0.5 }, { temperature: 0.5 }],
  [{ topP: 0.5 }, { top_p: 0.5 }],
  [{ stopSequences: ['END'] }, { stop: ['END'] }],
  [
    { responseFormat: { type: 'json', schema } },
    { response_format: { type: 'json_schema', json_schema: { name: 'x', schema } } },
  ],
]
const tools: Partial<Call> = { tools: [{ type: 'function', ...lookup, inputSchema: schema, strict: true }] }
const chatTools: Json = { tools: [{ type: 'function', function: { ...lookup, parameters: schema, strict: true } }] }
const CHOICES: readonly [Partial<Call>, Json][] = [
  [{}, {}],
  [tools, chatTools],
  [
    { ...tools, toolChoice: { type: 'auto' } },
    { ...chatTools, tool_choice: 'auto' },
  ],
  [
    { ...tools, toolChoice: { type: 'required' } },
    { ...chatTools, tool_choice: 'required' },
  ],
  [
    { ...tools, toolChoice: { type: 'none' } },
    { ...chatTools, tool_choice: 'none' },
  ],
  [
    { ...tools, toolChoice: { type: 'tool', toolName: 'lookup' } },
    { ...chatTools, tool_choice: { type: 'function', function: { name: 'lookup' } } },
  ],
  [
    { ...tools, providerOptions: { anthropic: { disableParallelToolUse: true } } },
    { ...chatTools, parallel_tool_calls: false },
  ],
]

describe('beside another translation', () => {
  test('the same conversation is the same request', async () => {
    await fc.assert(
      fc.asyncProperty(
        conversation,
        fc.subarray([...SETTINGS]),
        fc.constantFrom(...CHOICES),
        async (said, settings, choice) => {
          const [call, chat] = settings
            .filter(([one]) => one.topP === undefined || !settings.some(([other]) => other.temperature !== undefined))
            .reduce(
              ([a, b], [c, d]) => [
                { ...a, ...c },
                { ...b, ...d },
              ],
              choice,
            )
          const expected = await theirRequest({ prompt: said.theirs, maxOutputTokens: 5000, ...call })
          const ours = toMessagesRequest(
            { model: 'x', messages: said.chat, max_tokens: 5000, ...chat },
            { model: MODEL, defaultMaxTokens: 1 },
          )
          expect(JSON.parse(JSON.stringify(ours))).toEqual(expected)
        },
      ),
      { numRuns: 200 },
    )
  })

  test.each(['claude-opus-4-8', 'claude-sonnet-5', 'claude-opus-5'])('%s is told to reason alike', async (model) => {
    const prompt: Call['prompt'] = [{ role: 'user', content: [{ type: 'text', text: 'x' }] }]
    for (const reasoning of ['none', 'low', 'medium', 'high', 'xhigh', 'max'] as const) {
      const expected = await theirRequest({ prompt, maxOutputTokens: 5000, reasoning }, model)
      const chat = { messages: [{ role: 'user', content: 'x' }], max_tokens: 5000, reasoning_effort: reasoning }
      expect(toMessagesRequest(chat, { model, defaultMaxTokens: 1 })).toEqual(expected)
    }
  })

  const call = fc.record({ id, name: fc.constant('lookup'), input })
  const answer: fc.Arbitrary<Answer> = fc.record({
    thinking: fc.oneof(fc.constant(''), text),
    texts: fc.array(text, { maxLength: 3 }),
    calls: fc.uniqueArray(call, { maxLength: 3, selector: (one) => one.id }),
  })
  const stopReason = fc.constantFrom(
    ...['end_turn', 'stop_sequence', 'max_tokens', 'refusal', 'pause_turn', 'model_context_window_exceeded'],
  )
  const PROMPT: Call = { prompt: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }], ...tools }

  interface Understood {
    text: string
    reasoning: string
    calls: { id: string; name: string; input: unknown }[]
    finish: string | undefined
    usage: unknown
  }

  function ofChat(completion: Json): Understood {
    const [choice] = completion.choices as { message: Json; finish_reason: string }[]
    const calls = (choice?.message.tool_calls ?? []) as { id: string; function: { name: string; arguments: string } }[]
    const usage = completion.usage as {
      prompt_tokens: number
      completion_tokens: number
      prompt_tokens_details: { cached_tokens: number; cache_write_tokens: number }
    }
    return {
      text: String(choice?.message.content ?? ''),
      reasoning: String(choice?.message.reasoning_content ?? ''),
      calls: calls.map((one) => ({ id: one.id, name: one.function.name, input: JSON.parse(one.function.arguments) })),
      finish: choice?.finish_reason.replace('_', '-'),
      usage: [
        usage.prompt_tokens,
        usage.prompt_tokens_details.cached_tokens,
        usage.prompt_tokens_details.cache_write_tokens,
        usage.completion_tokens,
      ],
    }
  }

  type Generated = Awaited<ReturnType<ReturnType<typeof theirs>['model']['doGenerate']>>
  const usageOfTheirs = ({ inputTokens, outputTokens }: Generated['usage']) => [
    inputTokens.total,
    inputTokens.cacheRead,
    inputTokens.cacheWrite,
    outputTokens.total,
  ]

  test('the same answer is understood alike', async () => {
    await fc.assert(
      fc.asyncProperty(answer, stopReason, async (given, stop) => {
        const reason = given.calls.length > 0 ? 'tool_use' : stop
        const result = await theirs(MODEL, jsonAnswer(given, reason)).model.doGenerate(PROMPT)
        const join = (type: 'text' | 'reasoning') =>
          result.content.map((part) => (part.type === type ? part.text : '')).join('')
        expect(ofChat(toChatCompletion(messageOf(given, reason), { id: 'c', created: 1, model: 'm' }))).toEqual({
          text: join('text'),
          reasoning: join('reasoning'),
          calls: result.content.flatMap((part) =>
            part.type === 'tool-call'
              ? [{ id: part.toolCallId, name: part.toolName, input: JSON.parse(part.input) }]
              : [],
          ),
          finish: result.finishReason.unified,
          usage: usageOfTheirs(result.usage),
        })
      }),
    )
  })

  /** Cut anywhere, as a network would. */
  function streamOf(events: readonly Json[], size: number): Uint8Array[] {
    const bytes = Buffer.concat(events.map((event) => writeEvent(JSON.stringify(event), String(event.type))))
    return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
  }

  async function theirStream(chunks: Uint8Array[]): Promise<Understood> {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(chunk)
        controller.close()
      },
    })
    const client = theirs(MODEL, () => new Response(body, { headers: { 'content-type': 'text/event-stream' } }))
    const { stream } = await client.model.doStream(PROMPT)
    const heard: Understood = { text: '', reasoning: '', calls: [], finish: undefined, usage: undefined }
    for await (const part of stream) {
      if (part.type === 'text-delta') heard.text += part.delta
      if (part.type === 'reasoning-delta') heard.reasoning += part.delta
      if (part.type === 'tool-call')
        heard.calls.push({ id: part.toolCallId, name: part.toolName, input: JSON.parse(part.input) })
      if (part.type === 'finish') {
        heard.finish = part.finishReason.unified
        heard.usage = usageOfTheirs(part.usage)
      }
    }
    return heard
  }

  function ourStream(chunks: Uint8Array[]): Understood {
    const scanner = createEventScanner()
    const translator = createChatChunks({ id: 'c', created: 1, model: 'm', includeUsage: true })
    const events = [...chunks.flatMap((chunk) => scanner.push(chunk)), ...scanner.flush()]
    const told = [...events.flatMap(({ data }) => translator.push(JSON.parse(data))), ...translator.end()]
    const message: Json & { content: string; reasoning_content: string } = { content: '', reasoning_content: '' }
    const calls: { function: { arguments: string } }[] = []
    let finish: unknown
    for (const { choices } of told)
      for (const choice of choices as { delta: Json; finish_reason: unknown }[]) {
        finish ??= choice.finish_reason
        message.content += choice.delta.content ?? ''
        message.reasoning_content += choice.delta.reasoning_content ?? ''
        for (const one of (choice.delta.tool_calls ?? []) as { index: number; function: { arguments: string } }[]) {
          const known = calls[one.index]
          if (known) known.function.arguments += one.function.arguments
          else calls[one.index] = structuredClone(one)
        }
      }
    return ofChat({
      choices: [{ message: { ...message, tool_calls: calls }, finish_reason: finish }],
      usage: told.at(-1)?.usage,
    })
  }

  test('the same stream is understood alike', async () => {
    await fc.assert(
      fc.asyncProperty(answer, stopReason, fc.integer({ min: 1, max: 500 }), async (given, stop, size) => {
        const reason = given.calls.length > 0 ? 'tool_use' : stop
        const chunks = streamOf(anthropicEvents(given, reason), size)
        expect(ourStream(chunks)).toEqual(await theirStream(chunks))
      }),
    )
  })
})
