import { createHash, createHmac } from 'node:crypto'
import type { AwsCredentials } from './token-source.ts'

/** AWS Signature Version 4, with the signature in the `Authorization` header. */
const ALGORITHM = 'AWS4-HMAC-SHA256'

export interface SignedRequest {
  method: string
  url: URL
  /** All of them are signed, beside ours: give none that anybody on the way may change. */
  headers: Readonly<Record<string, string>>
  body: string | Uint8Array
}

export interface SigningScope {
  credentials: AwsCredentials
  region: string
  service: string
  /** Epoch milliseconds. */
  now: number
}

/** What to send beside the headers given, so that AWS knows whose call it is: for the next minutes, and this call only. */
export function signRequest(request: SignedRequest, scope: SigningScope): Record<string, string> {
  const { credentials, region, service, now } = scope
  const time = amzDate(now)
  const own = {
    'x-amz-date': time,
    ...(credentials.sessionToken !== undefined && { 'x-amz-security-token': credentials.sessionToken }),
  }
  const canonical = canonicalRequest({
    method: request.method,
    path: request.url.pathname,
    query: request.url.search.slice(1),
    headers: { ...request.headers, host: request.url.host, ...own },
    bodyHash: sha256(request.body),
  })

  const day = time.slice(0, 8)
  const credentialScope = `${day}/${region}/${service}/aws4_request`
  const toSign = [ALGORITHM, time, credentialScope, sha256(canonical.text)].join('\n')
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(
    (above, name) => hmac(above, name).digest(),
    `AWS4${credentials.secretAccessKey}`,
  )
  const signature = hmac(key, toSign).digest('hex')
  return {
    ...own,
    authorization:
      `${ALGORITHM} Credential=${credentials.accessKeyId}/${credentialScope}, ` +
      `SignedHeaders=${canonical.signedHeaders}, Signature=${signature}`,
  }
}

export interface RequestParts {
  method: string
  /** As it is sent. */
  path: string
  /** As it is sent, without the question mark. */
  query: string
  headers: Readonly<Record<string, string>>
  /** SHA-256 in hexadecimal. */
  bodyHash: string
}

/** What both sides compute the signature of: the same for all ways of writing one request. */
export function canonicalRequest({ method, path, query, headers, bodyHash }: RequestParts) {
  const lines = Object.entries(headers)
    .map(([name, value]) => [name.toLowerCase(), value.trim().replace(/ +/g, ' ')] as const)
    .sort(([one], [other]) => order(one, other))
  const signedHeaders = lines.map(([name]) => name).join(';')
  const text = [
    method.toUpperCase(),
    canonicalPath(path),
    canonicalQuery(query),
    ...lines.map(([name, value]) => `${name}:${value}`),
    '',
    signedHeaders,
    bodyHash,
  ].join('\n')
  return { text, signedHeaders }
}

/** RFC 3986 §5.2.4, then each segment encoded once more than it is sent: so with every service but S3. */
function canonicalPath(path: string): string {
  const segments: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop()
    else if (segment !== '' && segment !== '.') segments.push(encode(segment))
  }
  const end = segments.length > 0 && /\/\.{0,2}$/.test(path) ? '/' : ''
  return `/${segments.join('/')}${end}`
}

function canonicalQuery(query: string): string {
  return [...new URLSearchParams(query)]
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([name, value], [otherName, otherValue]) => order(name, otherName) || order(value, otherValue))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

/** All but the unreserved characters of RFC 3986 §2.3. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** By code unit: no language has a say in it. */
function order(one: string, other: string): number {
  return one < other ? -1 : Number(one > other)
}

/** ISO 8601, basic. */
function amzDate(now: number): string {
  return new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, '')
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

function hmac(key: string | Buffer, data: string) {
  return createHmac('sha256', key).update(data)
}
