import type { Config } from '../config.ts'
import { ApiError } from '../http/errors.ts'
import type { ClientRow } from '../storage/clients.ts'

const MAX_RESOURCES = 10

/** The resources a client asks a token for. RFC 8707 §2: absolute URIs without fragment; ours is not for websites (law 9). */
export function resourcesFor(config: Config, client: ClientRow, requested: readonly string[]): string[] {
  const allowed: string[] | null = client.resources === null ? null : JSON.parse(client.resources)
  const resources = checkedResources(requested)
  const ours = new URL(config.issuer).origin
  for (const resource of resources) {
    if (new URL(resource).origin === ours)
      throw new ApiError('invalid_target', 'Tokens for this server are not given to websites')
    if (allowed && !allowed.includes(resource))
      throw new ApiError('invalid_target', 'The client is not registered for that resource')
  }
  return resources
}

/** The resources an agent asks a token for, for itself. A token for us is for nobody beside, who could show it to us (law 9). */
export function resourcesForAgent({ issuer }: Config, requested: readonly string[]): string[] {
  const resources = checkedResources(requested)
  const ours = new URL(issuer).origin
  if (resources.length > 1 && resources.some((resource) => new URL(resource).origin === ours))
    throw new ApiError('invalid_target', 'A token for this server is for one resource alone; ask for each by itself')
  return resources
}

/** Syntax alone. */
export function checkedResources(requested: readonly string[]): string[] {
  const resources = [...new Set(requested)]
  if (resources.length > MAX_RESOURCES)
    throw new ApiError('invalid_target', `At most ${MAX_RESOURCES} resources can be named`)
  for (const resource of resources)
    if (!/^[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]+$/.test(resource) || !URL.canParse(resource) || resource.includes('#'))
      throw new ApiError('invalid_target', 'A resource must be an absolute URI without a fragment')
  return resources
}

/** What a token may be for: all that was granted, or the part of it that is asked for now. RFC 8707 §2.2. */
export function narrowedResources(granted: readonly string[], requested: readonly string[]): string[] {
  const resources = checkedResources(requested)
  if (resources.length === 0) return [...granted]
  if (!resources.every((resource) => granted.includes(resource)))
    throw new ApiError('invalid_target', 'A resource was not part of the authorization')
  return resources
}

/** `aud`: one string where there is one audience (RFC 7519 §4.1.3). */
export function audienceOf(resources: readonly string[], fallback: string): string | string[] {
  const [first = fallback, ...rest] = resources
  return rest.length === 0 ? first : [first, ...rest]
}
