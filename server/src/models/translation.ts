import { ApiError } from '../http/errors.ts'
import { createChatChunks } from './anthropic/chat-chunks.ts'
import { toChatCompletion } from './anthropic/chat-completion.ts'
import { toChatRequest } from './anthropic/chat-request.ts'
import { brokenAnswer } from './anthropic/errors.ts'
import { toMessage } from './anthropic/message.ts'
import { createMessageEvents } from './anthropic/message-events.ts'
import { toMessagesRequest } from './anthropic/messages-request.ts'
import { eventsOfMessage } from './anthropic/whole-message.ts'
import type { Operation } from './backend.ts'
import { chunksOfCompletion } from './completion-chunks.ts'
import { isJson, type Json } from './fields.ts'
import { refuseOtherOperation } from './model-operations.ts'
import { isOpenAi, type ModelRequest } from './model-request.ts'
import type { ServedModel } from './registry.ts'
import { type ChatOfResponse, toChatOfResponse } from './responses/chat-request.ts'
import { inResponsesWords } from './responses/places.ts'
import { createResponseEvents } from './responses/response-events.ts'
import { toResponse } from './responses/whole-response.ts'
import { type StreamTranslator, throughBoth } from './stream-translator.ts'

/** A call in a backend's words, and the way of its answer back into the caller's. */
export interface Translation {
  /** What is asked of the backend. */
  operation: Operation
  body: Json
  /** Undefined: the answer passes as it is, byte for byte. */
  json: ((answer: unknown) => Json) | undefined
  stream: (() => StreamTranslator) | undefined
  /** A failure that names what the caller never said. Undefined: it names what they said. */
  inCallersWords?(error: ApiError): ApiError
}

export interface AnswerHead {
  /** Of an answer that we write. */
  id: string
  /** Epoch seconds. */
  created: number
  /** Anthropic demands a limit where a chat need not set one. */
  defaultMaxTokens: number
}

type Translate = (request: ModelRequest, served: ServedModel, stream: boolean, head: AnswerHead) => Translation

/** By what a backend can be asked instead. */
const TRANSLATIONS: Partial<Record<Operation, Partial<Record<Operation, Translate>>>> = {
  chat: { messages: chatAtAnthropic },
  messages: { chat: messagesAtOpenAi },
  responses: { chat: responseAtOpenAi, messages: responseAtAnthropic },
}

/** Throws `unsupported_parameter` for what the backend has no words for. */
export function translate(request: ModelRequest, served: ServedModel, stream: boolean, head: AnswerHead): Translation {
  refuseOtherOperation(request.operation, served)
  const { operations } = served.provider.backend
  if (operations.includes(request.operation)) return asItIs(request, served, stream)
  const instead = operations.map((operation) => TRANSLATIONS[request.operation]?.[operation]).find(Boolean)
  if (instead) return instead(request, served, stream, head)
  throw new ApiError('unsupported_parameter', `${served.name} takes no ${request.operation}; ask another model`, {
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

function responseAtOpenAi(
  { body, model }: ModelRequest,
  { upstreamModel, provider }: ServedModel,
  stream: boolean,
  { id, created }: AnswerHead,
): Translation {
  const limit = isOpenAi(provider.kind) ? 'max_completion_tokens' : 'max_tokens'
  const { chat, places } = toChatOfResponse(body, { model: upstreamModel, limit, isAnthropic: false })
  const events = () => createResponseEvents({ id, created, model, request: body })
  return {
    operation: 'chat',
    body: stream ? withUsage({ ...chat, stream }) : chat,
    json(answer) {
      if (!isJson(answer) || !Array.isArray(answer.choices)) throw brokenAnswer('no chat completion')
      return toResponse(events(), chunksOfCompletion(answer, true))
    },
    stream: events,
    inCallersWords: (error) => inResponsesWords(error, places),
  }
}

/** By way of the chat that would have been asked, so that both say the same. */
function responseAtAnthropic(
  { body, model }: ModelRequest,
  { upstreamModel }: ServedModel,
  stream: boolean,
  { id, created, defaultMaxTokens }: AnswerHead,
): Translation {
  const asked = toChatOfResponse(body, { model: upstreamModel, limit: 'max_tokens', isAnthropic: true })
  const events = () =>
    throughBoth(
      createChatChunks({ id, created, model, includeUsage: true }),
      createResponseEvents({ id, created, model, request: body }),
    )
  return {
    operation: 'messages',
    body: { ...messagesOf(asked, { model: upstreamModel, defaultMaxTokens }), ...(stream && { stream }) },
    json(answer) {
      if (!isJson(answer) || !Array.isArray(answer.content)) throw brokenAnswer('no message of Anthropic')
      return toResponse(events(), eventsOfMessage(answer))
    },
    stream: events,
  }
}

function messagesOf({ chat, places }: ChatOfResponse, options: Parameters<typeof toMessagesRequest>[1]): Json {
  try {
    return toMessagesRequest(chat, options)
  } catch (thrown) {
    throw thrown instanceof ApiError ? inResponsesWords(thrown, places) : thrown
  }
}
