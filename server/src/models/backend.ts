/** Who speaks which language: OpenAI's, or Anthropic's. */
export type Dialect = 'openai' | 'anthropic'

export type Operation = 'chat' | 'responses' | 'messages' | 'embeddings'

export interface BackendCall {
  operation: Operation
  /** In the backend's dialect, `model` being the upstream's name for it. */
  body: Record<string, unknown>
  stream: boolean
  requestId: string
  /** Aborted when the caller goes away, or time is up. */
  signal: AbortSignal
  timeouts: { connectMs: number; firstByteMs: number; idleMs: number; totalMs: number }
}

/** The head of an answer; body bytes in the backend's dialect: JSON, or SSE when the call streams. */
export interface BackendAnswer {
  status: number
  headers: Headers
  body: ReadableStream<Uint8Array> | null
}

/** Where a call can be sent. Throws `BackendFailed` before the head of an answer; after it, the body errors. */
export interface Backend {
  dialect: Dialect
  streams: boolean
  call(call: BackendCall): Promise<BackendAnswer>
}

export type BackendFailure = 'connect' | 'timeout' | 'reset' | 'overloaded' | 'misconfigured' | 'protocol'

/** A backend gave no whole answer. Its message is safe to log: it holds nothing that a caller or an upstream said. */
export class BackendFailed extends Error {
  override readonly name = 'BackendFailed'
  readonly reason: BackendFailure

  constructor(reason: BackendFailure, message: string) {
    super(message)
    this.reason = reason
  }
}
