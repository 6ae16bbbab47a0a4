/** What an upstream wants to see, and until when it takes it. */
export interface Token<Value = string> {
  value: Value
  /** Epoch milliseconds; `Infinity` for what does not end. */
  expiresAt: number
}

/** Gives what a call to an upstream is authorized with, as an enterprise's identity provider hands it out. */
export interface TokenSource<Value = string> {
  /** A token that lives. Who gives up by `signal` leaves the request for it to whoever else waits. Throws `TokenFailed`. */
  token(signal?: AbortSignal): Promise<Token<Value>>
  /** The upstream answered 401 to this very value: the next `token` asks for another one, once. */
  refused(value: Value): void
}

/** AWS credentials, as requests are signed with. */
export interface AwsCredentials {
  accessKeyId: string
  secretAccessKey: string
  /** Of temporary ones. */
  sessionToken?: string
}

/** `misconfigured`: trying again does not help, somebody must change something. `unavailable`: it passes. */
export type TokenFailure = 'misconfigured' | 'unavailable'

/** An identity provider gives no token. The message is safe to log, and says nothing that the provider said in prose. */
export class TokenFailed extends Error {
  override readonly name = 'TokenFailed'
  readonly reason: TokenFailure
  /** When it is worth trying again, if the provider said so. */
  readonly retryAfterMs: number | undefined

  // No cause: what an identity provider answers may repeat the secret that it was sent.
  constructor(reason: TokenFailure, message: string, retryAfterMs?: number) {
    super(message)
    this.reason = reason
    this.retryAfterMs = retryAfterMs
  }
}
