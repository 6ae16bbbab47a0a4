import { type Config, LOOPBACK_HOSTS } from '../config.ts'
import type { ClientRow } from '../storage/clients.ts'

const MAX_LENGTH = 2048
const LOOPBACK_LITERALS: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]'])

/** Why a redirect URI cannot be registered, or undefined when it can. OAuth 2.1 §2.3, RFC 8252 §7.3. */
export function redirectUriFault(uri: string): string | undefined {
  if (uri.length > MAX_LENGTH) return `is longer than ${MAX_LENGTH} characters`
  // What URL parsers would mend or two of them read differently: white space, controls, back slashes, non-ASCII.
  if (!/^[\x21-\x5b\x5d-\x7e]+$/.test(uri)) return 'must be ASCII without spaces or back slashes; encode the rest'
  if (!URL.canParse(uri) || !/^https?:\/\//.test(uri)) return 'must be an absolute https URL, or http on localhost'
  const url = new URL(uri)
  if (uri.includes('#')) return 'must have no fragment'
  if (url.username || url.password || /^https?:\/\/[^/?]*@/.test(uri)) return 'must have no user name or password'
  if (url.hostname.includes('*')) return 'must have no wildcard'
  if (url.protocol === 'https:') return undefined
  return LOOPBACK_HOSTS.has(url.hostname)
    ? undefined
    : 'must use https; http is for localhost, 127.0.0.1 and [::1] only'
}

/** Where the pages are that these lead to. */
export function originsOf(redirectUris: readonly string[]): string[] {
  return [...new Set(redirectUris.map((uri) => new URL(uri).origin))]
}

/**
 * Where a test sign-in of any website ends: a page of ours. It needs no registration, for a code there helps nobody: who
 * has it lacks the verifier, and the standing of a member of the website's organization.
 */
export function testRedirectUri({ issuer }: Pick<Config, 'issuer'>): string {
  return `${issuer}/console/test-sign-in`
}

/** Whether a website may have the browser sent there. */
export function isRedirectUriOf(
  config: Pick<Config, 'issuer'>,
  client: Pick<ClientRow, 'redirect_uris'>,
  uri: string,
): boolean {
  return isRegisteredRedirectUri(uri, JSON.parse(client.redirect_uris)) || uri === testRedirectUri(config)
}

/** Exact match; the port is free on the loopback literals, where native apps listen on what they get (RFC 8252 §7.3). */
export function isRegisteredRedirectUri(uri: string, registered: readonly string[]): boolean {
  if (registered.includes(uri)) return true
  const portless = loopbackWithoutPort(uri)
  return portless !== undefined && registered.some((other) => loopbackWithoutPort(other) === portless)
}

function loopbackWithoutPort(uri: string): string | undefined {
  const match = /^http:\/\/(127\.0\.0\.1|\[::1\])(?::\d{1,5})?([/?].*)?$/.exec(uri)
  if (!match || redirectUriFault(uri) !== undefined || !LOOPBACK_LITERALS.has(match[1] ?? '')) return undefined
  return `${match[1]}${match[2] ?? ''}`
}
