import type { Context } from 'hono'
import type { Env } from '../context.ts'
import { mediaType, readText } from '../http/body.ts'
import { ApiError } from '../http/errors.ts'
import { parseJsonObject } from '../http/json.ts'
import { header } from '../http/node-request.ts'
import type { Dialect, Operation } from './backend.ts'
import { invalid, isGiven, isJson, type Json, listAt } from './fields.ts'
import type { ProviderKind } from './provider-settings.ts'

/** A call of a model, as its caller made it. */
export interface ModelRequest {
  operation: Operation
  dialect: Dialect
  body: Json
  /** As the caller named it; '' where they left it to us. */
  model: string
  stream: boolean
  /** Whether a stream of OpenAI's shape is to tell its usage at its end. */
  includeUsage: boolean
  /** What a backend of the caller's own dialect is to know besides. */
  headers: Record<string, string>
}

/** Headers of the official clients that change what an upstream does. All others are ours, or the caller's own affair. */
const PASSED_ON: Record<Dialect, readonly string[]> = {
  openai: [],
  anthropic: ['anthropic-version', 'anthropic-beta'],
}

/** Throws in the words of the contract for what is no call of a model. */
export async function readModelRequest(
  c: Context<Env>,
  operation: Operation,
  bodyLimitBytes: number,
): Promise<ModelRequest> {
  const type = mediaType(c)
  const text = await readText(c, bodyLimitBytes)
  if (type !== 'application/json' && !type.endsWith('+json'))
    throw new ApiError('unsupported_media_type', 'Send the body as application/json')
  const body = withExactNumbers(parseJsonObject(text), text)
  requireQuestion(operation, body)
  if (operation === 'chat') requireCount(body.n)
  const dialect = operation === 'messages' ? 'anthropic' : 'openai'
  return {
    operation,
    dialect,
    body,
    model: readModel(body.model),
    stream: readStream(body.stream),
    includeUsage: isJson(body.stream_options) && body.stream_options.include_usage === true,
    headers: Object.fromEntries(
      PASSED_ON[dialect].flatMap((name) => {
        const value = header(c, name)
        return value === undefined ? [] : [[name, value]]
      }),
    ),
  }
}

/** As Node has it, and the types not yet. */
const json = JSON as unknown as {
  parse(text: string, reviver: (name: string, value: unknown, context: { source?: string }) => unknown): Json
  rawJSON(source: string): unknown
}

/** Whole numbers that JavaScript would round, such as seeds, stay as they were written. */
function withExactNumbers(body: Json, text: string): Json {
  if (!/\d{16}/.test(text)) return body
  return json.parse(text, (_name, value, { source = '' }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source) ? json.rawJSON(source) : value,
  )
}

/** What a model is asked with, one of them at least. All else is for its provider to judge. */
const QUESTIONS: Record<Operation, readonly [string, ...string[]]> = {
  chat: ['messages'],
  messages: ['messages'],
  responses: ['input', 'prompt', 'previous_response_id', 'conversation'],
  embeddings: ['input'],
}

function requireQuestion(operation: Operation, body: Json): void {
  const [usual, ...others] = QUESTIONS[operation]
  if (usual === 'messages' && isGiven(body.messages)) {
    if (listAt(body.messages, usual).length === 0) throw invalid(usual, 'messages must hold a message at least')
  } else if (![usual, ...others].some((name) => isGiven(body[name]))) throw invalid(usual, `${usual} is required`)
}

/** OpenAI's own limit of answers to one call. */
const MOST_ANSWERS = 128

/** Each answer is paid for: a number that we read as one and a provider as four would be three for nothing. */
function requireCount(n: unknown): void {
  if (isGiven(n) && !(Number.isInteger(n) && Number(n) >= 1 && Number(n) <= MOST_ANSWERS))
    throw invalid('n', `n must be a whole number from 1 to ${MOST_ANSWERS}`)
}

function readModel(model: unknown): string {
  if (model === undefined) return ''
  // It is written into answers, logs and addresses.
  if (typeof model !== 'string' || !/^[\x21-\x7e]{1,200}$/.test(model))
    throw invalid('model', 'model must be a name of at most 200 visible ASCII characters')
  return model
}

function readStream(stream: unknown): boolean {
  if (stream === undefined || stream === null) return false
  if (typeof stream !== 'boolean') throw invalid('stream', 'stream must be true or false')
  return stream
}

/** The name by which an operation limits what is generated, as the caller wrote it. */
const LIMITS: Record<Operation, readonly string[]> = {
  chat: ['max_completion_tokens', 'max_tokens'],
  responses: ['max_output_tokens'],
  messages: ['max_tokens'],
  embeddings: [],
}

/** How many tokens the caller asked for at most; undefined where they did not say. */
export function askedTokens({ operation, body }: Pick<ModelRequest, 'operation' | 'body'>): number | undefined {
  for (const name of LIMITS[operation]) {
    const value = body[name]
    if (value === undefined || value === null) continue
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1)
      throw invalid(name, `${name} must be a whole number above 0`)
    return value
  }
  return undefined
}

/** Whose models have the newer names of parameters. */
export const isOpenAi = (kind: ProviderKind) => kind === 'openai' || kind === 'azure-openai'

/** The same call, asking for no more than that. */
export function withTokenLimit(request: ModelRequest, maxTokens: number, isOpenAi: boolean): ModelRequest {
  const names = LIMITS[request.operation]
  if (names.length === 0) return request
  const asked = names.find((name) => typeof request.body[name] === 'number')
  // Newer models of OpenAI refuse the old name, and others do not know the new one.
  const usual = request.operation === 'chat' && !isOpenAi ? 'max_tokens' : (names[0] ?? 'max_tokens')
  return { ...request, body: { ...request.body, [asked ?? usual]: maxTokens } }
}

/** A chat whose caller leaves the temperature open has the operator's; models that reason take none. */
export function withDefaultTemperature(request: ModelRequest, temperature: number | undefined): ModelRequest {
  const { operation, body } = request
  if (temperature === undefined || operation !== 'chat') return request
  if (isGiven(body.temperature) || isGiven(body.reasoning_effort)) return request
  return { ...request, body: { ...body, temperature } }
}
