import { isIP } from 'node:net'

/** An IP address as a number, with the length of its family in bits. */
export interface Address {
  bits: 32 | 128
  value: bigint
}

export interface Range extends Address {
  /** How many leading bits count. */
  prefix: number
}

/** Undefined for anything that is not a plain address: a name, a zone (`fe80::1%eth0`), a spelling such as `127.1`. */
export function parseAddress(text: string): Address | undefined {
  const version = isIP(text)
  if (version === 4) return { bits: 32, value: joinBits(text.split('.').map(Number), 8n) }
  if (version === 6 && !text.includes('%')) return { bits: 128, value: joinBits(groupsOf(text), 16n) }
  return undefined
}

/** URLs put IPv6 addresses in brackets; nobody else does. */
export function withoutBrackets(host: string): string {
  return host.startsWith('[') ? host.slice(1, -1) : host
}

/** `10.0.0.0/8`, `fc00::/7`, or an address alone. */
export function parseRange(text: string): Range | undefined {
  const [base = '', prefix, ...rest] = text.split('/')
  const address = parseAddress(base)
  if (!address || rest.length > 0) return undefined
  if (prefix === undefined) return { ...address, prefix: address.bits }
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > address.bits) return undefined
  return { ...address, prefix: Number(prefix) }
}

export function isWithin(address: Address, range: Range): boolean {
  const ignored = BigInt(range.bits - range.prefix)
  return address.bits === range.bits && address.value >> ignored === range.value >> ignored
}

/** The IANA special-purpose registry (RFC 6890) as far as it is not globally reachable, with what is not unicast. */
const NOT_PUBLIC_V4 = [
  '0.0.0.0/8', // this network, RFC 791 §3.2
  '10.0.0.0/8', // private, RFC 1918
  '100.64.0.0/10', // carrier-grade NAT, RFC 6598
  '127.0.0.0/8', // loopback, RFC 1122 §3.2.1.3
  '168.63.129.16/32', // Azure: the host below every virtual machine
  '169.254.0.0/16', // link-local, RFC 3927; the metadata of clouds
  '172.16.0.0/12', // private, RFC 1918
  '192.0.0.0/24', // protocol assignments, RFC 6890; the metadata of Oracle's cloud
  '192.0.2.0/24', // documentation, RFC 5737
  '192.88.99.0/24', // 6to4 relays, RFC 7526
  '192.168.0.0/16', // private, RFC 1918
  '198.18.0.0/15', // benchmarking, RFC 2544
  '198.51.100.0/24', // documentation, RFC 5737
  '203.0.113.0/24', // documentation, RFC 5737
  '224.0.0.0/4', // multicast, RFC 5771
  '240.0.0.0/4', // reserved and broadcast, RFC 1112 §4
].map(knownRange)

/** Global unicast, RFC 4291 §2.4. What lies outside is loopback, mapped, link-local, unique local, multicast, or unassigned. */
const GLOBAL_V6 = knownRange('2000::/3')
const NOT_PUBLIC_V6 = [
  '2001::/23', // protocol assignments, RFC 2928: Teredo, benchmarking, ORCHID
  '2001:db8::/32', // documentation, RFC 3849
  '3fff::/20', // documentation, RFC 9637
].map(knownRange)

/** Whoever sends there reaches the IPv4 address inside, so that one decides. `shift`: bits to its right. */
const CARRIERS_OF_V4 = [
  { range: knownRange('64:ff9b::/96'), shift: 0n }, // NAT64, RFC 6052 §2.1
  { range: knownRange('2002::/16'), shift: 80n }, // 6to4, RFC 3056 §2
]

/** Whether anybody on the internet could reach it: the only kind of address that we connect to unasked. */
export function isPublic(address: Address): boolean {
  if (address.bits === 32) return !NOT_PUBLIC_V4.some((range) => isWithin(address, range))
  const carrier = CARRIERS_OF_V4.find(({ range }) => isWithin(address, range))
  if (carrier) return isPublic({ bits: 32, value: (address.value >> carrier.shift) & 0xffff_ffffn })
  return isWithin(address, GLOBAL_V6) && !NOT_PUBLIC_V6.some((range) => isWithin(address, range))
}

function knownRange(text: string): Range {
  const range = parseRange(text)
  if (!range) throw new TypeError(`Not a range: ${text}`)
  return range
}

/** The eight groups of an IPv6 address. RFC 4291 §2.2. */
function groupsOf(text: string): number[] {
  // The URL parser writes every spelling in one form: hexadecimal throughout, one `::` at most.
  const [head = '', tail] = withoutBrackets(new URL(`http://[${text}]`).hostname).split('::')
  const left = groups(head)
  const right = groups(tail ?? '')
  return [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right]
}

function groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
}

function joinBits(parts: readonly number[], width: bigint): bigint {
  return parts.reduce((value, part) => (value << width) | BigInt(part), 0n)
}
