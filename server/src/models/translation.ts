import { ApiError } from '../http/errors.ts'
import { createChatChunks, type StreamTranslator } from './anthropic/chat-chunks.ts'
import { toChatCompletion } from './anthropic/chat-completion.ts'
import { toChatRequest } from './anthropic/chat-request.ts'
import { toMessage } from './anthropic/message.ts'
import { createMessageEvents } from './anthropic/message-events.ts'
import { toMessagesRequest } from './anthropic/messages-request.ts'
import type { Operation } from './backend.ts'
import { isJson, type Json } from './fields.ts'
import type { ModelRequest } from './model-request.ts'
import type { ServedModel } from './registry.ts'

/** A call in a backend's words, and the way of its answer back into the caller's. */
export interface Translation {
  /** What is asked of the backend. */
  operation: Operation
  body: Json
  /** Undefined: the answer passes as it is, byte for byte. */
  json: ((answer: unknown) => Json) | undefined
  stream: (() => StreamTranslator) | undefined
}

export interface AnswerHead {
  /** Of an answer that we write. */
  id: string
  /** Epoch seconds. */
  created: number
  /** Anthropic demands a limit where a chat need not set one. */
  defaultMaxTokens: number
}

/** Throws `unsupported_parameter` for what the backend has no words for. */
export function translate(request: ModelRequest, served: ServedModel, stream: boolean, head: AnswerHead): Translation {
  const { dialect } = served.provider.backend
  if (request.dialect === dialect) return asItIs(request, served, stream)
  if (request.operation === 'chat') return chatAtAnthropic(request, served, stream, head)
  if (request.operation === 'messages') return messagesAtOpenAi(request, served, stream, head)
  throw new ApiError('unsupported_parameter', `${served.name} takes chat completions and messages only`, {
    param: 'model',
  })
}

function asItIs(
  { operation, body }: ModelRequest,
  { upstreamModel: model }: ServedModel,
  stream: boolean,
): Translation {
  const asked = { ...body, model, ...(body.stream !== undefined && { stream }) }
  return {
    operation,
    body: operation === 'chat' && stream ? withUsage(asked) : asked,
    json: undefined,
    stream: undefined,
  }
}

/** Whatever the caller wants to know of it, we have to: usage is asked for with every stream. */
function withUsage(body: Json): Json {
  const options = isJson(body.stream_options) ? body.stream_options : {}
  return { ...body, stream_options: { ...options, include_usage: true } }
}

function chatAtAnthropic(
  { body, model, includeUsage }: ModelRequest,
  { upstreamModel }: ServedModel,
  stream: boolean,
  { id, created, defaultMaxTokens }: AnswerHead,
): Translation {
  const head = { id: `chatcmpl-${id}`, created, model }
  return {
    operation: 'messages',
    body: { ...toMessagesRequest(body, { model: upstreamModel, defaultMaxTokens }), ...(stream && { stream }) },
    json: (answer) => toChatCompletion(answer, head),
    stream: () => createChatChunks({ ...head, includeUsage }),
  }
}

function messagesAtOpenAi(
  { body, model }: ModelRequest,
  { upstreamModel }: ServedModel,
  stream: boolean,
  { id }: AnswerHead,
): Translation {
  const head = { id: `msg_${id}`, model }
  const chat = toChatRequest(body, { model: upstreamModel })
  return {
    operation: 'chat',
    body: stream ? withUsage({ ...chat, stream }) : chat,
    json: (answer) => toMessage(answer, head),
    stream: () => createMessageEvents(head),
  }
}
