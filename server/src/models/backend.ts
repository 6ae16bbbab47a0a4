/** In whose words calls and answers are: OpenAI's, or those of Anthropic's Messages API. */
export type Dialect = 'openai' | 'anthropic'

export type Operation = 'chat' | 'responses' | 'messages' | 'embeddings'

/** Milliseconds. */
export interface CallTimeouts {
  connectMs: number
  /** From the call to the first byte of the answer's body. */
  firstByteMs: number
  /** Between two bytes. */
  idleMs: number
  totalMs: number
}

export interface BackendCall {
  /** To count is asked of those that have messages. */
  operation: Operation | 'count_tokens'
  /** In the backend's dialect, `model` being the upstream's name for it. */
  body: Record<string, unknown>
  stream: boolean
  requestId: string
  /** In the place of the provider's own key: the caller's. */
  apiKey?: string | undefined
  /** Of the caller's request, what a backend of that dialect is to know: betas, versions. */
  headers: Readonly<Record<string, string>>
  /** Aborted when the caller goes away, or time is up. */
  signal: AbortSignal
  timeouts: CallTimeouts
}

/** The head of an answer, whatever its status. The body is in the backend's dialect: JSON, or SSE when the call streams. */
export interface BackendAnswer {
  status: number
  headers: Headers
  body: ReadableStream<Uint8Array> | null
  /** What let the call in: it may be repeated in a failure, and nobody is to read it there. */
  secrets?: readonly string[]
}

/** One way to models: an upstream by HTTP, or a program. */
export interface Backend {
  dialect: Dialect
  /** What it is asked as it was asked of us; the rest is said in other words. */
  operations: readonly Operation[]
  /** Throws `BackendFailed` where there is no answer. Once there is one, its body fails instead. */
  call(call: BackendCall): Promise<BackendAnswer>
  /** Ends what it has running. */
  close?(): Promise<void>
}

export type BackendFailure = 'connect' | 'timeout' | 'reset' | 'overloaded' | 'misconfigured' | 'protocol'

/** There is no answer. The message may be logged, and is not for callers. */
export class BackendFailed extends Error {
  override readonly name = 'BackendFailed'
  readonly reason: BackendFailure
  /** How long to wait before another try, where that is known. */
  readonly retryAfterMs: number | undefined

  constructor(reason: BackendFailure, message: string, options: ErrorOptions & { retryAfterMs?: number } = {}) {
    super(message, options)
    this.reason = reason
    this.retryAfterMs = options.retryAfterMs
  }
}
