import { z } from 'zod'
import type { Deps } from '../../context.ts'
import { isProviderUrl } from '../provider-settings.ts'
import { INITIALIZE, STREAMABLE_ACCEPT } from './protocol.ts'
import { firstPublished, misconfigured, toPublishedFault } from './published.ts'

/** RFC 9728 §2. */
const Metadata = z.object({
  resource: z.string().refine(isProviderUrl),
  authorization_servers: z.array(z.string().max(2048)).max(20).optional(),
  scopes_supported: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,500}$/))
    .max(100)
    .optional(),
})

/** What an MCP server says about who lets callers in. */
export interface ProtectedResource {
  /** As tokens for it name it. */
  resource: string
  authorizationServers: readonly string[]
  /** What it asks for, or has. */
  scopes: readonly string[]
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource'

/**
 * Asks an MCP server without a token, and reads what its refusal points at, else what stands at the well-known places
 * (RFC 9728 §5.1, §3.1). Undefined: it publishes nothing. Throws where it speaks of another server than itself.
 */
export async function findProtectedResource(
  deps: Pick<Deps, 'outbound'>,
  url: string,
  headers: Record<string, string>,
): Promise<ProtectedResource | undefined> {
  const challenge = await challengeOf(deps, url, headers)
  const { origin, pathname } = new URL(url)
  const wellKnown = [`${origin}${WELL_KNOWN}${pathname === '/' ? '' : pathname}`, `${origin}${WELL_KNOWN}`]
  const places = challenge.metadataUrl === undefined ? [...new Set(wellKnown)] : [challenge.metadataUrl]
  const found = await firstPublished(deps, places, Metadata)
  if (!found) return undefined
  if (!isOf(found.resource, url))
    throw misconfigured('Its metadata is that of another resource: a token for that one must not be sent here')
  return {
    resource: found.resource,
    authorizationServers: found.authorization_servers ?? [],
    scopes: challenge.scopes ?? found.scopes_supported ?? [],
  }
}

interface Challenge {
  metadataUrl?: string
  scopes?: string[]
}

/** RFC 9728 §5.1, RFC 6750 §3: what a caller without a token is told. */
async function challengeOf(
  { outbound }: Pick<Deps, 'outbound'>,
  url: string,
  headers: Record<string, string>,
): Promise<Challenge> {
  try {
    const response = await outbound.stream(url, {
      method: 'POST',
      headers: { ...headers, accept: STREAMABLE_ACCEPT, 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: INITIALIZE }),
      timeoutMs: 10_000,
    })
    await response.body?.cancel()
    if (response.status !== 401) return {}
    const said = response.headers.get('www-authenticate') ?? ''
    const metadataUrl = parameterOf(said, 'resource_metadata')
    const scope = parameterOf(said, 'scope')
    if (metadataUrl !== undefined && !isProviderUrl(metadataUrl))
      throw misconfigured('Where its metadata is, it says with an address that cannot be called')
    return {
      ...(metadataUrl !== undefined && { metadataUrl }),
      ...(scope && /^[\x21\x23-\x5b\x5d-\x7e ]{1,2000}$/.test(scope) && { scopes: scope.split(' ').filter(Boolean) }),
    }
  } catch (thrown) {
    throw toPublishedFault(thrown)
  }
}

function parameterOf(challenge: string, name: string): string | undefined {
  return new RegExp(`(?:^|[\\s,])${name}\\s*=\\s*"([^"]{0,2048})"`, 'i').exec(challenge)?.[1]
}

/** The server itself, or what it is a part of: the same origin, and a path above it. */
function isOf(resource: string, url: string): boolean {
  const [whole, part] = [new URL(resource), new URL(url)]
  if (whole.origin !== part.origin) return false
  if (whole.pathname === part.pathname) return whole.search === '' || whole.search === part.search
  return whole.search === '' && part.pathname.startsWith(`${whole.pathname.replace(/\/$/, '')}/`)
}
