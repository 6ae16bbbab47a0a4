import { type Address, isWithin, parseRange, type Range, withoutBrackets } from './addresses.ts'

/** What the operator lets us reach although it is private, and by http. */
export interface AllowList {
  /** Named itself: wherever it resolves to. */
  names(host: string, port: number): boolean
  covers(address: Address, port: number): boolean
}

interface AllowEntry {
  /** A host as URLs write it, or addresses. */
  what: string | Range
  /** Undefined: every port. */
  port: number | undefined
}

/** Entries as `isAllowEntry` accepts them. */
export function createAllowList(entries: readonly string[]): AllowList {
  const allowed = entries.map((text) => {
    const entry = readAllowEntry(text)
    if (!entry) throw new TypeError(`Not a host, address or range: ${text}`)
    return entry
  })
  const atPort = (port: number) => allowed.filter((entry) => entry.port === undefined || entry.port === port)
  return {
    names: (host, port) => atPort(port).some(({ what }) => what === host),
    covers: (address, port) => atPort(port).some(({ what }) => typeof what !== 'string' && isWithin(address, what)),
  }
}

/** `localhost`, `localhost:9000`, `10.0.0.7:80`, `[::1]:80`, `10.0.0.0/8`, `fc00::/7`. */
export function isAllowEntry(text: string): boolean {
  return readAllowEntry(text) !== undefined
}

/** With an optional port; IPv6 in brackets. */
const HOST_AND_PORT = /^(\[[0-9a-f:.]+\]|[^[\]:/?#@\\]+)(?::(\d{1,5}))?$/i
/** Underscores stand in the names of containers. */
const HOST_NAME = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/

function readAllowEntry(text: string): AllowEntry | undefined {
  const range = parseRange(text)
  if (range) return { what: range, port: undefined }
  const [, name = '', digits] = HOST_AND_PORT.exec(text) ?? []
  const port = digits === undefined ? undefined : Number(digits)
  if (!URL.canParse(`http://${name}`) || (port !== undefined && (port === 0 || port > 65_535))) return undefined
  const host = new URL(`http://${name}`).hostname
  const address = parseRange(withoutBrackets(host))
  if (address) return { what: address, port }
  return HOST_NAME.test(host) ? { what: host, port } : undefined
}
