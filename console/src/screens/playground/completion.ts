import { ApiFailure, opened, throwLost } from '../../api.ts'

export interface Message {
  role: 'system' | 'user' | 'assistant'
  content: string
}

export interface CompletionCall {
  model: string
  messages: Message[]
  temperature?: number
  max_tokens?: number
  max_completion_tokens?: number
}

/** A piece of the answer, or why it ended. */
export interface Piece {
  text?: string
  finish?: string
}

/** The answer of a model, piece by piece as it comes. Throws an `ApiFailure`, or an `AbortError` where it was stopped. */
export async function* complete(call: CompletionCall, requestId: string, signal: AbortSignal): AsyncGenerator<Piece> {
  const response = await opened(
    fetch('/api/playground/chat', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream', 'X-Request-Id': requestId },
      body: JSON.stringify({ ...call, stream: true }),
      signal,
    }),
  )
  for await (const data of eventsOf(response)) {
    if (data === '[DONE]') return
    const piece = pieceOf(JSON.parse(data) as Chunk, requestId)
    if (piece) yield piece
  }
  throw new ApiFailure(0, 'connection_lost', 'The connection was lost in the middle of the answer. Try again.')
}

/** The data of each event: one line, as OpenAI writes them. */
async function* eventsOf(response: Response): AsyncGenerator<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  if (!reader) return
  let rest = ''
  for (;;) {
    const { value, done } = await reader.read().catch(throwLost)
    if (done) return
    const lines = (rest + value).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.startsWith('data:')) yield line.slice('data:'.length).trim()
  }
}

interface Chunk {
  choices?: { delta?: { content?: string | null }; finish_reason?: string | null }[]
  /** In the place of the rest, where the provider broke off. */
  error?: { message: string; code: string }
}

function pieceOf({ choices, error }: Chunk, requestId: string): Piece | undefined {
  if (error) throw new ApiFailure(502, error.code, error.message, { requestId })
  const [choice] = choices ?? []
  const text = choice?.delta?.content
  const finish = choice?.finish_reason
  if (!text && !finish) return undefined
  return { ...(text && { text }), ...(finish && { finish }) }
}
