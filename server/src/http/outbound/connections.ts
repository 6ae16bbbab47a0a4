import { Agent as HttpAgent, type RequestOptions } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import type { Target } from './target.ts'

/** Shorter than the patience of common servers (Node's is 5 s): a connection that they close is not asked again. */
const IDLE_MS = 4_000
/** Of several addresses, how long one may take before the next is tried. */
const ATTEMPT_MS = 1_000

export interface PinnedOptions extends RequestOptions {
  /** Part of a connection's name: one that leads to other addresses than those just checked is not reused. */
  pinned: string
}

class PinnedHttpAgent extends HttpAgent {
  override getName(options?: PinnedOptions): string {
    return `${super.getName(options)}:${options?.pinned}`
  }
}

class PinnedHttpsAgent extends HttpsAgent {
  override getName(options?: PinnedOptions): string {
    return `${super.getName(options)}:${options?.pinned}`
  }
}

/** Connections that are kept for the next call to the same host, port and addresses. */
export interface Connections {
  http: HttpAgent
  https: HttpsAgent
}

export function createConnections(): Connections {
  const kept = { keepAlive: true, timeout: IDLE_MS }
  return { http: new PinnedHttpAgent(kept), https: new PinnedHttpsAgent(kept) }
}

/** How to reach a target: by its name in TLS, by its checked addresses in IP. */
export function pinnedOptions({ url, host, port, addresses }: Target) {
  // Nobody is asked a second time, so nobody can say another address than was checked (DNS rebinding).
  const lookup: LookupFunction = (_host, _options, done) => {
    done(
      null,
      addresses.map((address) => ({ address, family: isIP(address) })),
    )
  }
  return {
    hostname: host,
    port,
    path: `${url.pathname}${url.search}`,
    lookup,
    pinned: addresses.toSorted().join(),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: ATTEMPT_MS,
    // RFC 6066 §3: a name without its final dot, and no address.
    servername: isIP(host) ? '' : host.replace(/\.$/, ''),
    rejectUnauthorized: true,
  }
}
