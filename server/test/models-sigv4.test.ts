import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalRequest, signRequest } from '../src/models/token-sources/sigv4.ts'

/** Of AWS's published test suite for Signature Version 4 (aws-sig-v4-test-suite). */
const SUITE = {
  credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' },
  region: 'us-east-1',
  service: 'service',
  now: Date.parse('2015-08-30T12:36:00Z'),
}
const HOST = 'https://example.amazonaws.com'
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

function sign(method: string, path: string, headers: Record<string, string> = {}, body = '', scope: object = {}) {
  return signRequest({ method, url: new URL(path, HOST), headers, body }, { ...SUITE, ...scope })
}
const signatureOf = ({ authorization = '' }: Record<string, string>) => authorization.slice(-64)
const UNRESERVED = '-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

describe('signatures of the published test suite', () => {
  test('get-vanilla, to the letter', () => {
    expect(sign('GET', '/')).toEqual({
      'x-amz-date': '20150830T123600Z',
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, ' +
        'SignedHeaders=host;x-amz-date, ' +
        'Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    })
  })

  test.each([
    [
      'get-vanilla-empty-query-key',
      '/?Param1=value1',
      'a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb',
    ],
    [
      'get-vanilla-query-order-key-case',
      '/?Param2=value2&Param1=value1',
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ],
    [
      'get-vanilla-query-unreserved',
      `/?${UNRESERVED}=${UNRESERVED}`,
      '9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197',
    ],
    ['get-vanilla-utf8-query', '/?ሴ=bar', '2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04'],
    ['get-unreserved', `/${UNRESERVED}`, '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f'],
    ['get-slash', '//', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    ['get-slashes', '//example//', '9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84'],
    ['get-slash-dot-slash', '/./', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    ['get-slash-pointless-dot', '/./example', 'ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5'],
    ['get-relative', '/example/..', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    [
      'get-relative-relative',
      '/example1/example2/../..',
      '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    ],
  ])('%s', (_, path, signature) => {
    const url = new URL(HOST + path)
    expect(signatureOf(signRequest({ method: 'GET', url, headers: {}, body: '' }, SUITE))).toBe(signature)
  })

  test.each([
    [
      'get-header-key-duplicate',
      'GET',
      { 'My-Header1': 'value2,value2,value1' },
      'c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea',
    ],
    [
      'get-header-value-trim',
      'GET',
      { 'My-Header1': ' value1', 'My-Header2': ' "a   b   c"' },
      'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
    ],
    ['post-vanilla', 'POST', {}, '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
    [
      'post-header-key-sort',
      'POST',
      { 'My-Header1': 'value1' },
      'c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c',
    ],
    [
      'post-header-value-case',
      'POST',
      { 'My-Header1': 'VALUE1' },
      'cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d',
    ],
  ])('%s', (_, method, headers, signature) => {
    expect(signatureOf(sign(method, '/', headers as Record<string, string>))).toBe(signature)
  })

  test('post-x-www-form-urlencoded', () => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' }
    expect(signatureOf(sign('POST', '/', headers, 'Param1=value1'))).toBe(
      'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
    )
  })

  test('post-sts-header-before, with a session token', () => {
    const sessionToken =
      'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=='
    const signed = sign('POST', '/', {}, '', { credentials: { ...SUITE.credentials, sessionToken } })
    expect(signed['x-amz-security-token']).toBe(sessionToken)
    expect(signed.authorization).toContain('SignedHeaders=host;x-amz-date;x-amz-security-token, ')
    expect(signatureOf(signed)).toBe('85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead')
  })

  /** Paths that no URL can hold as they stand: what is signed of them is known all the same. */
  test.each([
    ['get-space', '/example space/', '/example%20space/'],
    ['get-utf8', '/ሴ', '/%E1%88%B4'],
  ])('%s', (_, path, canonical) => {
    const { text } = canonicalRequest({ method: 'GET', path, query: '', headers: { Host: 'x' }, bodyHash: EMPTY })
    expect(text).toBe(`GET\n${canonical}\n\nhost:x\n\nhost\n${EMPTY}`)
  })
})

test('a model’s name with a colon is signed as AWS reads it, written either way', () => {
  const canonicalPathOf = (path: string) =>
    canonicalRequest({ method: 'POST', path, query: '', headers: {}, bodyHash: EMPTY }).text.split('\n')[1]
  expect(canonicalPathOf('/model/anthropic.claude-v1:0/invoke')).toBe('/model/anthropic.claude-v1%3A0/invoke')
  expect(canonicalPathOf('/model/anthropic.claude-v1%3A0/invoke')).toBe('/model/anthropic.claude-v1%253A0/invoke')
})

describe('whatever the request', () => {
  const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,12}$/)
  const value = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/)
  const headers = fc
    .dictionary(name, value)
    .filter((given) => new Set(Object.keys(given).map((key) => key.toLowerCase())).size === Object.keys(given).length)
  const pairs = fc.array(
    fc.tuple(fc.string({ unit: 'binary', maxLength: 8 }), fc.string({ unit: 'binary', maxLength: 8 })),
  )
  const segments = fc.array(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }).filter((one) => !/^\.{1,2}$/.test(one)),
  )
  const pathOf = (parts: readonly string[]) => `/${parts.map(encodeURIComponent).join('/')}`
  const canonical = (parts: Partial<Parameters<typeof canonicalRequest>[0]>) =>
    canonicalRequest({ method: 'GET', path: '/', query: '', headers: {}, bodyHash: EMPTY, ...parts }).text

  test('the order and the case of headers, and the space around their values, say nothing', () => {
    fc.assert(
      fc.property(headers, (given) => {
        const shuffled = Object.entries(given)
          .reverse()
          .map(([key, text]) => [key.toUpperCase(), `  ${text.replaceAll(' ', '   ')} `])
        expect(canonical({ headers: Object.fromEntries(shuffled) })).toBe(canonical({ headers: given }))
      }),
    )
  })

  test('the order of parameters says nothing; what they are, everything', () => {
    fc.assert(
      fc.property(pairs, (given) => {
        const query = new URLSearchParams(given).toString()
        expect(canonical({ query: new URLSearchParams(given.toReversed()).toString() })).toBe(canonical({ query }))
        const said = canonical({ query }).split('\n')[2] ?? ''
        // RFC 3986 §2.3, and not one sign beside.
        expect(said).toMatch(/^[A-Za-z0-9\-._~%=&]*$/)
        const read = said === '' ? [] : said.split('&').map((pair) => pair.split('=').map(decodeURIComponent))
        const sorted = (list: readonly (readonly string[])[]) => list.map((pair) => pair.join('\0')).sort()
        expect(sorted(read)).toEqual(sorted([...new URLSearchParams(query)]))
      }),
    )
  })

  test('the path is encoded once more than it is sent', () => {
    fc.assert(
      fc.property(segments, (parts) => {
        const path = pathOf(parts)
        expect(decodeURIComponent(canonical({ path }).split('\n')[1] ?? '')).toBe(path)
      }),
    )
  })

  test('what was changed on the way has another signature', () => {
    fc.assert(
      fc.property(segments, headers, fc.string(), fc.string(), (parts, given, body, other) => {
        fc.pre(body !== other)
        const url = new URL(HOST + pathOf(parts))
        const request = { method: 'POST', url, headers: given, body }
        const signature = signatureOf(signRequest(request, SUITE))
        expect(signatureOf(signRequest({ ...request, body: Buffer.from(body) }, SUITE))).toBe(signature)
        for (const changed of [
          { ...request, body: other },
          { ...request, method: 'PUT' },
          { ...request, url: new URL(`${url}x`) },
          { ...request, url: new URL(`${url}?x`) },
          { ...request, headers: { ...given, 'x-other': '1' } },
        ])
          expect(signatureOf(signRequest(changed, SUITE))).not.toBe(signature)
      }),
    )
  })

  test('nothing of the secret key is in what is sent', () => {
    expect(JSON.stringify(sign('POST', '/?a=b', { accept: '*/*' }, 'body'))).not.toContain('EXAMPLEKEY')
  })
})
