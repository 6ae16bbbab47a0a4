import { lookup as systemLookup } from 'node:dns/promises'
import { isPublic, parseAddress, withoutBrackets } from './addresses.ts'
import type { AllowList } from './allow-list.ts'
import { OutboundFailed, OutboundRefused, toFailure } from './failure.ts'

/** All addresses of a host name. Rejects when there is none. */
export type Lookup = (host: string) => Promise<readonly string[]>

export const lookup: Lookup = async (host) => (await systemLookup(host, { all: true })).map(({ address }) => address)

/** Where a call goes: addresses that have been checked, of which it uses one, and never asks for others. */
export interface Target {
  url: URL
  /** Without brackets. */
  host: string
  port: number
  addresses: readonly string[]
}

/** Throws `OutboundRefused` for what needs no look-up. */
export function readUrl(text: string | URL): URL {
  if (!URL.canParse(String(text))) throw new OutboundRefused('bad_url', '')
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new OutboundRefused('bad_scheme', url.hostname)
  if (url.username || url.password) throw new OutboundRefused('credentials', url.hostname)
  return url
}

/** Resolves the host, once. Refuses if any address is neither public nor allowed, and http but to what is allowed. */
export async function resolveTarget(url: URL, allow: AllowList, lookup: Lookup): Promise<Target> {
  const https = url.protocol === 'https:'
  const host = withoutBrackets(url.hostname)
  const port = Number(url.port) || (https ? 443 : 80)
  const addresses = parseAddress(host) ? [host] : await resolve(host, lookup)
  const target = { url, host, port, addresses }
  if (allow.names(host, port)) return target

  for (const text of addresses) {
    const address = parseAddress(text)
    if (address && allow.covers(address, port)) continue
    if (!address || !isPublic(address)) throw new OutboundRefused('private_address', host)
    if (!https) throw new OutboundRefused('bad_scheme', host)
  }
  return target
}

async function resolve(host: string, lookup: Lookup): Promise<readonly string[]> {
  const addresses = await lookup(host).catch((error: unknown) => {
    throw toFailure(error, host, 'dns')
  })
  if (addresses.length === 0) throw new OutboundFailed('dns', host)
  return addresses
}
