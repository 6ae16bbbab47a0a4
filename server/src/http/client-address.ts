import { BlockList, isIP } from 'node:net'

/** Finds who is calling. Behind proxies we trust, the nearest address that is not theirs; else the peer of the socket. */
export type ClientAddress = (peer: string | undefined, forwardedFor: string | undefined) => string

export function createClientAddress(trustedProxies: readonly string[]): ClientAddress {
  if (trustedProxies.length === 0) return (peer) => plain(peer ?? 'unknown')
  const isTrusted = createNetworkList(trustedProxies)

  return (peer, forwardedFor) => {
    // Read from the right: each proxy appends the peer it saw, so what stands left of an untrusted one is hearsay.
    const hops = (forwardedFor ?? '')
      .split(',')
      .map((hop) => hop.trim())
      .filter(Boolean)
    let address = plain(peer ?? 'unknown')
    while (isTrusted(address)) {
      const next = hops.pop()
      if (next === undefined || !isIP(next)) break
      address = plain(next)
    }
    return address
  }
}

/** Whether an address is in one of these networks: addresses, or CIDR ranges. */
export function createNetworkList(cidrs: readonly string[]): (address: string) => boolean {
  const list = new BlockList()
  for (const cidr of cidrs) {
    const [address = '', bits] = cidr.split('/')
    const family = address.includes(':') ? 'ipv6' : 'ipv4'
    list.addSubnet(address, Number(bits ?? (family === 'ipv6' ? 128 : 32)), family)
  }
  return (address) => {
    const version = isIP(address)
    return version !== 0 && list.check(address, version === 6 ? 'ipv6' : 'ipv4')
  }
}

/** A dual-stack socket says ::ffff:10.0.0.1 for 10.0.0.1. */
function plain(address: string): string {
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address
}

/** Who has one IPv6 address has 2^64 of them: the half that their network is known by. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const groups = (address.split('::', 1)[0] ?? '').split(':')
  return [...groups, '0', '0', '0', '0'].slice(0, 4).join(':')
}
