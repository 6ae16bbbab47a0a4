import { ApiError } from '../../http/errors.ts'
import { OutboundFailed, OutboundRefused } from '../../http/outbound/failure.ts'
import { ProgramFailed } from '../../processes/program-failed.ts'

const SENTENCES = {
  authorization_required: 'It asks for authorization: authorize it first',
  unauthorized: 'It refuses what we send (401): check the headers, or set auth to oauth and authorize it',
  forbidden: 'It lets us in, but not do this (403): check what the credential may do',
  not_found: 'There is no MCP server at that address (404 or 405): check its path, and the transport',
  redirected: 'It sends us elsewhere: enter the address that it leads to',
  http_error: 'It answers with an error of HTTP; look into its log, and try again',
  rpc_error: 'It refuses the call in the words of JSON-RPC; look into its log',
  protocol_error: 'What it answers is not the Model Context Protocol: check the address, and the transport',
  version_unsupported: 'It speaks a version of the protocol that is not known here',
  address_refused: 'Its address is not called from here; the operator allows it with EGRESS_ALLOW',
  unreachable: 'It cannot be connected to: check the address, and that the server runs',
  tls: 'No trusted TLS connection can be made to it: check its certificate',
  too_large: 'It sends more than an answer should have',
  timeout: 'It did not answer in time; try again, or set a longer timeout_ms',
  command_not_allowed: 'The program is not one that may be run here; the operator lists it in MCP_STDIO_COMMANDS',
  command_failed: 'The program could not be run, or ended at once: run it by hand to see why',
  overloaded: 'Too many programs run now; try again',
  integrity_error: 'What is stored cannot be trusted; enter the server again, and tell whoever runs this one',
  provider_unavailable: 'Its authorization server cannot be reached now; try again',
  provider_misconfigured:
    'Its authorization server refuses our client, or is no longer where it was: authorize it again',
} as const

export type McpFaultCode = keyof typeof SENTENCES

/** Why an MCP server could not be used. The sentence is ours alone: nothing that came from it is in there. */
export class McpFault extends Error {
  override readonly name = 'McpFault'
  readonly code: McpFaultCode

  constructor(code: McpFaultCode, options?: ErrorOptions) {
    super(SENTENCES[code], options)
    this.code = code
  }
}

const OF_FAILURE: Record<OutboundFailed['reason'], McpFaultCode> = {
  dns: 'unreachable',
  connect: 'unreachable',
  tls: 'tls',
  timeout: 'timeout',
  reset: 'protocol_error',
  protocol: 'protocol_error',
  too_large: 'too_large',
  aborted: 'timeout',
}

const OF_STATUS: Record<number, McpFaultCode> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  405: 'not_found',
}

/** What an answer's status means; undefined: it is a success. */
export function faultOfStatus(status: number): McpFault | undefined {
  if (status >= 200 && status < 300) return undefined
  if (status >= 300 && status < 400) return new McpFault('redirected')
  return new McpFault(OF_STATUS[status] ?? 'http_error')
}

/** Reads what was thrown on the way; throws what has nothing to do with the server. */
export function faultOf(thrown: unknown): McpFault {
  if (thrown instanceof McpFault) return thrown
  if (thrown instanceof OutboundRefused) return new McpFault('address_refused', { cause: thrown })
  if (thrown instanceof OutboundFailed) return new McpFault(OF_FAILURE[thrown.reason], { cause: thrown })
  if (thrown instanceof ProgramFailed)
    return new McpFault(thrown.reason === 'overloaded' ? 'overloaded' : 'command_failed', { cause: thrown })
  if (thrown instanceof ApiError) return ofApiError(thrown)
  throw thrown
}

function ofApiError(error: ApiError): McpFault {
  const { code } = error
  if (code === 'connection_pending' || code === 'reauth_required' || code === 'not_refreshable')
    return new McpFault('authorization_required', { cause: error })
  if (code === 'integrity_error' || code === 'provider_unavailable' || code === 'provider_misconfigured')
    return new McpFault(code, { cause: error })
  throw error
}
