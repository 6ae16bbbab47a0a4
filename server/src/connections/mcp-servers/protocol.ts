import { VERSION } from '../../version.ts'

/** What we ask for; whoever speaks an older one of them says so, and is spoken to by it. */
export const PROTOCOL_VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const

/** Both, as the transport demands. */
export const STREAMABLE_ACCEPT = 'application/json, text/event-stream'

export const INITIALIZE = {
  protocolVersion: PROTOCOL_VERSIONS[0],
  capabilities: {},
  clientInfo: { name: 'auth-agent', version: VERSION },
}
