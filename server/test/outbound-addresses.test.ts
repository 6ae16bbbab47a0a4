import { BlockList } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ConfigError, readConfig } from '../src/config.ts'
import { isPublic, parseAddress, parseRange } from '../src/http/outbound/addresses.ts'
import { createAllowList, isAllowEntry } from '../src/http/outbound/allow-list.ts'
import { type Lookup, readUrl, resolveTarget } from '../src/http/outbound/target.ts'

/** Ranges nobody may be sent to, with the length of their prefix. */
const V4: [base: string, prefix: number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]
/** Below 2000::/3; nothing outside of it is public but NAT64. */
const V6: [base: string, prefix: number][] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['3fff::', 20],
]
const V6_OUTSIDE = [
  '::',
  '::1',
  'fc00::1',
  'fdff::1',
  'fe80::1',
  'fec0::1',
  'ff02::1',
  '100::1',
  '64:ff9b:1::1',
  '5f00::1',
  '4000::1',
  '::ffff:8.8.8.8',
  '::ffff:127.0.0.1',
  '::127.0.0.1',
  '::ffff:0:127.0.0.1',
  'fd00:ec2::254',
]

const privateV4 = new BlockList()
for (const [base, prefix] of V4) privateV4.addSubnet(base, prefix)

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff })
/** On, just before, just behind and within every range, and anywhere. */
const anyV4 = fc
  .oneof(
    uint32,
    fc.constantFrom(...V4.flatMap(([base, prefix]) => edges(numberOf(base), 2 ** (32 - prefix)))),
    fc.tuple(fc.constantFrom(...V4), uint32).map(([[base, prefix], n]) => numberOf(base) + (n % 2 ** (32 - prefix))),
  )
  .map(dotted)
const anyPrivateV4 = anyV4.filter((text) => privateV4.check(text))
const anyPublicV4 = anyV4.filter((text) => !privateV4.check(text))

function edges(base: number, size: number): number[] {
  return [base - 1, base, base + size - 1, base + size].filter((n) => n >= 0 && n <= 0xffff_ffff)
}

function numberOf(text: string): number {
  return text.split('.').reduce((n, part) => n * 256 + Number(part), 0)
}

function dotted(n: number): string {
  return [24, 16, 8, 0].map((shift) => (n >>> shift) & 255).join('.')
}

function isPublicText(text: string): boolean {
  const address = parseAddress(text)
  if (!address) throw new Error(`Not an address: ${text}`)
  return isPublic(address)
}

/** One part of an address, in the ways that the parsers of the WHATWG and of inet_aton read. */
const radix = fc.constantFrom<(n: number) => string>(
  (n) => String(n),
  (n) => `0${n.toString(8)}`,
  (n) => `000${n.toString(8)}`,
  (n) => `0x${n.toString(16)}`,
  (n) => `0X${n.toString(16).toUpperCase()}`,
  (n) => `0x000${n.toString(16)}`,
)
const disguise = fc.constantFrom<(text: string) => string>(
  (text) => text,
  (text) => `${text}.`,
  (text) => [...text].map((char) => `%${char.charCodeAt(0).toString(16)}`).join(''),
  (text) => text.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
  (text) => text.replaceAll('.', '。'),
)

/** Four parts, or fewer with the last one filling the rest. */
const spelledV4 = (address: fc.Arbitrary<string>) =>
  fc
    .tuple(address, fc.integer({ min: 1, max: 4 }), fc.tuple(radix, radix, radix, radix), disguise)
    .map(([text, count, radixes, disguised]) => {
      const bytes = text.split('.').map(Number)
      const last = bytes.slice(count - 1).reduce((n, byte) => n * 256 + byte, 0)
      const parts = [...bytes.slice(0, count - 1), last]
      return { text, host: disguised(parts.map((part, i) => radixes[i]?.(part)).join('.')) }
    })

const group = fc.integer({ min: 0, max: 0xffff })
const hex = (groups: number[]) => groups.map((n) => n.toString(16)).join(':')
const groupsOfV4 = (text: string) => [numberOf(text) >>> 16, numberOf(text) & 0xffff]

/** Spellings of one IPv6 address: in full, padded, in upper case, shortened, with a dotted end. */
const spelledV6 = (groups: number[]): string[] => {
  const full = hex(groups)
  const [a = 0, b = 0] = groups.slice(6)
  return [
    full,
    full.toUpperCase(),
    groups.map((n) => n.toString(16).padStart(4, '0')).join(':'),
    new URL(`http://[${full}]`).hostname.slice(1, -1),
    `${hex(groups.slice(0, 6))}:${dotted(a * 65_536 + b)}`,
  ]
}

const noLookup: Lookup = (host) => Promise.reject(new Error(`Looked up ${host}`))
const target = (url: string, allow: string[] = [], lookup: Lookup = noLookup) =>
  resolveTarget(readUrl(url), createAllowList(allow), lookup)

describe('an IPv4 address', () => {
  test('is public outside the ranges that are not, on both sides of every edge', () => {
    fc.assert(
      fc.property(anyV4, (text) => {
        expect(isPublicText(text)).toBe(!privateV4.check(text))
      }),
      { numRuns: 5_000 },
    )
  })

  test('is refused as the host of a URL in every spelling', async () => {
    await fc.assert(
      fc.asyncProperty(spelledV4(anyPrivateV4), async ({ text, host }) => {
        expect(new URL(`https://${host}/`).hostname).toBe(text)
        await expect(target(`https://${host}/`)).rejects.toMatchObject({ reason: 'private_address' })
      }),
      { numRuns: 2_000 },
    )
  })

  test('is taken in every spelling when it is public, without a look-up', async () => {
    await fc.assert(
      fc.asyncProperty(spelledV4(anyPublicV4), async ({ text, host }) => {
        await expect(target(`https://${host}/`)).resolves.toMatchObject({ host: text, addresses: [text] })
      }),
    )
  })

  test.for([
    '169.254.169.254',
    '169.254.170.2',
    '100.100.100.200',
    '192.0.0.192',
    '168.63.129.16',
    '0.0.0.0',
    '255.255.255.255',
  ])('%s is not public', (text) => expect(isPublicText(text)).toBe(false))
})

describe('an IPv6 address', () => {
  test('is not public outside 2000::/3', () => {
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const [first = 0, second = 0, ...rest] = groups
        fc.pre(first >>> 13 !== 1 && !(first === 0x64 && second === 0xff9b && rest.slice(0, 4).every((n) => n === 0)))
        for (const text of spelledV6(groups)) expect(isPublicText(text)).toBe(false)
      }),
    )
  })

  test.for(V6_OUTSIDE)('%s is not public', async (text) => {
    expect(isPublicText(text)).toBe(false)
    await expect(target(`https://[${text}]/`)).rejects.toMatchObject({ reason: 'private_address' })
  })

  test('is public within 2000::/3, but in the ranges that are not', () => {
    const reserved = new BlockList()
    for (const [base, prefix] of V6) reserved.addSubnet(base, prefix, 'ipv6')
    const near = fc.constantFrom(0x2001, 0x2001, 0x3fff, 0x2000, 0x2003, 0x3ffe, 0x2606)
    const next = fc.oneof(group, fc.constantFrom(0, 1, 0x1ff, 0x200, 0xdb7, 0xdb8, 0xdb9, 0xfff, 0x1000))
    fc.assert(
      fc.property(near, next, fc.array(group, { minLength: 6, maxLength: 6 }), (first, second, rest) => {
        const groups = [first, second, ...rest]
        const expected = !reserved.check(hex(groups), 'ipv6')
        for (const text of spelledV6(groups)) expect(isPublicText(text), text).toBe(expected)
      }),
      { numRuns: 2_000 },
    )
  })

  test('that carries an IPv4 address is as public as that one: NAT64 and 6to4', () => {
    fc.assert(
      fc.property(anyV4, fc.array(group, { minLength: 5, maxLength: 5 }), (inner, rest) => {
        const expected = !privateV4.check(inner)
        for (const groups of [
          [0x64, 0xff9b, 0, 0, 0, 0, ...groupsOfV4(inner)],
          [0x2002, ...groupsOfV4(inner), ...rest],
        ])
          for (const text of spelledV6(groups)) expect(isPublicText(text), text).toBe(expected)
      }),
      { numRuns: 2_000 },
    )
  })

  test('that is mapped is refused, whatever it carries', () => {
    fc.assert(
      fc.property(anyV4, (inner) => {
        for (const text of spelledV6([0, 0, 0, 0, 0, 0xffff, ...groupsOfV4(inner)]))
          expect(isPublicText(text)).toBe(false)
      }),
    )
  })
})

describe('parsing', () => {
  test('takes addresses and nothing else', () => {
    for (const text of [
      '',
      'localhost',
      '127.1',
      '0x7f.0.0.1',
      '1.2.3.4.5',
      '1.2.3.256',
      '::1%eth0',
      '[::1]',
      '1.2.3.4 ',
      ':::',
      '1::2::3',
    ])
      expect(parseAddress(text), text).toBeUndefined()
    for (const text of ['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/-1', '::/129', 'fc00::/x', '/8', '10/8'])
      expect(parseRange(text), text).toBeUndefined()
  })

  test('never throws, and agrees with Node on what is inside a range', () => {
    fc.assert(fc.property(fc.string(), (text) => void [parseAddress(text), parseRange(text), isAllowEntry(text)]))
    fc.assert(
      fc.property(anyV4, anyV4, fc.integer({ min: 0, max: 32 }), (base, text, prefix) => {
        const list = new BlockList()
        list.addSubnet(base, prefix)
        const address = parseAddress(text)
        expect(address && createAllowList([`${base}/${prefix}`]).covers(address, 443)).toBe(list.check(text))
      }),
    )
  })
})

describe('a target', () => {
  const resolving =
    (...addresses: string[]): Lookup =>
    async () =>
      addresses

  test('is pinned to what its one look-up said', async () => {
    const asked: string[] = []
    const answers = [['93.184.216.34', '2606:2800::1'], ['127.0.0.1']]
    const lookup: Lookup = async (host) => {
      asked.push(host)
      return answers[asked.length - 1] ?? []
    }
    expect(await target('https://api.example.com:8443/v1?x=1', [], lookup)).toMatchObject({
      host: 'api.example.com',
      port: 8443,
      addresses: ['93.184.216.34', '2606:2800::1'],
    })
    expect(asked).toEqual(['api.example.com'])
    await expect(target('https://api.example.com/', [], lookup)).rejects.toMatchObject({ reason: 'private_address' })
  })

  test.for([
    [['93.184.216.34', '10.0.0.1']],
    [['10.0.0.1', '93.184.216.34']],
    [['2606:2800::1', '::1']],
    [['fe80::1%eth0']],
    [['not an address']],
    [['127.1']],
  ])('is refused when any of its addresses is not public: %s', async ([addresses]) => {
    await expect(target('https://api.example.com/', [], resolving(...(addresses ?? [])))).rejects.toMatchObject({
      name: 'OutboundRefused',
      reason: 'private_address',
      host: 'api.example.com',
    })
  })

  test('is refused when it is no https URL, or tells a password', async () => {
    const lookup = resolving('93.184.216.34')
    for (const url of [
      'http://example.com/',
      'http://93.184.216.34/',
      'ftp://example.com/',
      'file:///etc/passwd',
      'data:,x',
      'gopher://x/',
    ])
      await expect(async () => target(url, [], lookup)).rejects.toMatchObject({ reason: 'bad_scheme' })
    for (const url of ['https://me@example.com/', 'https://:pw@example.com/', 'https://me:pw@127.0.0.1/'])
      await expect(async () => target(url, [], lookup)).rejects.toMatchObject({ reason: 'credentials' })
    for (const url of [
      '',
      'example.com',
      '//example.com',
      'https://',
      'https://exa mple.com',
      'https://256.1.1.1/',
      'https://[::1',
    ])
      await expect(async () => target(url, [], lookup)).rejects.toMatchObject({ reason: 'bad_url' })
  })

  test('fails when its name does not resolve', async () => {
    await expect(target('https://api.example.com/', [], resolving())).rejects.toMatchObject({ reason: 'dns' })
    const failing: Lookup = () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }))
    await expect(target('https://api.example.com/', [], failing)).rejects.toMatchObject({
      name: 'OutboundFailed',
      reason: 'dns',
      code: 'ENOTFOUND',
    })
  })
})

describe('the allow list', () => {
  test.for([
    ['localhost', 'http://localhost:9000/', '127.0.0.1'],
    ['LOCALHOST:9000', 'http://localhost:9000/', '::1'],
    ['127.0.0.1', 'http://127.0.0.1:9000/', '127.0.0.1'],
    ['127.0.0.1:80', 'http://127.1/', '127.0.0.1'],
    ['127.0.0.0/8', 'http://anything.test/', '127.9.9.9'],
    ['[::1]:9000', 'http://[::1]:9000/', '::1'],
    ['::1', 'https://[0:0::1]/', '::1'],
    ['fc00::/7', 'http://inside.test/', 'fd00::7'],
    ['m_1.internal', 'http://m_1.internal/', '10.0.0.1'],
    ['bücher.example', 'http://xn--bcher-kva.example/', '10.0.0.1'],
  ])('%s lets %s at %s through', async ([entry = '', url = '', address = '']) => {
    expect(isAllowEntry(entry)).toBe(true)
    await expect(target(url, [entry], async () => [address])).resolves.toMatchObject({ addresses: [address] })
  })

  test.for([
    ['localhost', 'http://localhost.evil.test/', '127.0.0.1', 'private_address'],
    ['localhost', 'http://localhost./', '127.0.0.1', 'private_address'],
    ['localhost', 'http://evil.test/', '127.0.0.1', 'private_address'],
    ['localhost:9000', 'http://localhost:9001/', '127.0.0.1', 'private_address'],
    ['localhost:9000', 'https://localhost/', '127.0.0.1', 'private_address'],
    ['127.0.0.1', 'http://127.0.0.2/', '127.0.0.2', 'private_address'],
    ['127.0.0.0/8', 'http://[::ffff:127.0.0.1]/', '::ffff:127.0.0.1', 'private_address'],
    ['10.0.0.0/8', 'http://api.example.com/', '93.184.216.34', 'bad_scheme'],
    ['[::1]:9000', 'https://[::1]:9001/', '::1', 'private_address'],
  ])('%s does not let %s at %s through', async ([entry = '', url = '', address = '', reason]) => {
    await expect(target(url, [entry], async () => [address])).rejects.toMatchObject({ reason })
  })

  test('takes nothing that it does not understand', () => {
    for (const entry of [
      '',
      '*',
      '*.example.com',
      'http://localhost',
      'localhost/',
      'localhost:',
      'localhost:0',
      'localhost:70000',
      'a:b',
      'me@localhost',
      '10.0.0.0/99',
      '[::1',
      'a b',
      'a..b',
      'localhost?',
      '[10.0.0.1]',
    ])
      expect(isAllowEntry(entry), entry).toBe(false)
    expect(() => createAllowList(['*'])).toThrow(TypeError)
  })

  test('is EGRESS_ALLOW, empty by default, its faults listed with the others', () => {
    expect(readConfig({}).egressAllow).toEqual([])
    expect(readConfig({ EGRESS_ALLOW: 'localhost:9000, 10.0.0.0/8' }).egressAllow).toEqual([
      'localhost:9000',
      '10.0.0.0/8',
    ])
    try {
      readConfig({ EGRESS_ALLOW: 'http://localhost', PORT: 'x' })
      expect.unreachable()
    } catch (error) {
      expect((error as ConfigError).faults).toEqual([
        expect.stringMatching(/^PORT /),
        expect.stringMatching(/^EGRESS_ALLOW must be hosts, addresses or CIDR ranges/),
      ])
    }
  })
})
