/**
 * Why we did not even try. `private_address`: it resolves to an address that is not public; `bad_scheme`: not https;
 * `credentials`: the URL holds a user name or password; `bad_url`: no URL; `bad_request`: method, header or body that
 * HTTP does not have.
 */
export type RefusalReason = 'private_address' | 'bad_scheme' | 'credentials' | 'bad_url' | 'bad_request'

/**
 * Why it came to nothing. Of `dns`, `connect` and `tls`, nothing was sent; of the others, the other side may have done
 * what it was asked to. `reset`: the connection ended early; `protocol`: what came is no HTTP answer that we understand.
 */
export type FailureReason = 'dns' | 'connect' | 'tls' | 'timeout' | 'reset' | 'protocol' | 'too_large' | 'aborted'

const REFUSALS: Record<RefusalReason, string> = {
  private_address: 'its address is not public; EGRESS_ALLOW can name it',
  bad_scheme: 'only https is allowed; EGRESS_ALLOW can name hosts for http',
  credentials: 'a URL must hold no user name or password',
  bad_url: 'it is not an absolute URL',
  bad_request: 'its method, a header or its body is not valid',
}

const FAILURES: Record<FailureReason, string> = {
  dns: 'its name does not resolve',
  connect: 'it cannot be connected to',
  tls: 'no trusted TLS connection can be made',
  timeout: 'it took too long',
  reset: 'the connection ended before the answer did',
  protocol: 'it does not answer in valid HTTP',
  too_large: 'its answer is too large',
  aborted: 'the call was given up',
}

/** The egress guard forbids the call. Names the host only: never a path, header or body. */
export class OutboundRefused extends Error {
  override readonly name = 'OutboundRefused'
  readonly reason: RefusalReason
  readonly host: string

  constructor(reason: RefusalReason, host: string) {
    super(`Refused to call ${host || 'a URL'}: ${REFUSALS[reason]}`)
    this.reason = reason
    this.host = host
  }
}

/** The call was made, or begun, and there is no whole answer. Names the host only: never a path, header or body. */
export class OutboundFailed extends Error {
  override readonly name = 'OutboundFailed'
  readonly reason: FailureReason
  readonly host: string
  /** The system's own name of it, such as ECONNREFUSED or CERT_HAS_EXPIRED. For the log. */
  readonly code: string | undefined

  // No cause: a parser's error holds the bytes that it could not read.
  constructor(reason: FailureReason, host: string, code?: string) {
    super(`The call to ${host} failed: ${FAILURES[reason]}${code === undefined ? '' : ` (${code})`}`)
    this.reason = reason
    this.host = host
    this.code = code
  }
}

/** What a stream or socket threw, as ours. `otherwise`: what it means when its code says nothing more precise. */
export function toFailure(thrown: unknown, host: string, otherwise: FailureReason): OutboundFailed {
  if (thrown instanceof OutboundFailed) return thrown
  const code = codeOf(thrown)
  return new OutboundFailed(reasonOf(code) ?? otherwise, host, code)
}

function reasonOf(code: string | undefined): FailureReason | undefined {
  if (code === 'HPE_HEADER_OVERFLOW') return 'too_large'
  if (code === 'ETIMEDOUT') return 'timeout'
  // of llhttp, zlib, brotli
  return code !== undefined && /^(HPE_|Z_|ERR__ERROR_)/.test(code) ? 'protocol' : undefined
}

function codeOf(thrown: unknown): string | undefined {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  return typeof code === 'string' ? code : undefined
}
