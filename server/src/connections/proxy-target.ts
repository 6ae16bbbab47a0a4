import { ApiError } from '../http/errors.ts'
import type { Provider } from './providers/provider.ts'

/** What the caller says, as it stands in a URL. */
export interface ApiAddress {
  /** With its slash; or nothing at all. */
  below: string
  /** With its question mark; or nothing at all. */
  search: string
}

/** Where a proxied call goes, and what its answer may lead to. */
export interface ProxyTarget {
  url: URL
  /** What stands in front of the caller's path, without a slash at its end. */
  base: string
  /** The caller's path, decoded: what grants speak of. */
  path: string
}

/**
 * The caller's path below the provider's API. The host comes from the catalogue alone: its base, or one of its other
 * hosts where the caller names it. Throws `invalid_request`.
 */
export function proxyTarget(provider: Provider, { below, search }: ApiAddress, host: string | undefined): ProxyTarget {
  const base = baseOf(provider, host)
  const path = decodedPath(below)
  const url = new URL(`${base}${below}${search}`)
  if (!url.href.startsWith(base)) throw new ApiError('invalid_request', "The path leads out of the provider's API")
  return { url, base, path }
}

/** Without a slash at its end. */
function baseOf({ label, api_base_url, api_hosts = [] }: Provider, host: string | undefined): string {
  if (!URL.canParse(api_base_url))
    throw new ApiError('invalid_request', `No API address is known of ${label}; the operator can set api_base_url`)
  const base = new URL(api_base_url)
  if (host === undefined || host === base.host) return base.href.replace(/\/+$/, '')
  if (!api_hosts.includes(host)) throw new ApiError('invalid_request', `The token of ${label} is not sent to that host`)
  return `${base.protocol}//${host}`
}

/** What a server behind the provider's front may decode once more must not climb either. */
function decodedPath(below: string): string {
  let path = below
  try {
    const once = decodeURIComponent(path)
    for (path = once; /%2[ef]|%5c/i.test(path); path = decodeURIComponent(path));
    if (/(^|[/\\])\.\.?([/\\;]|$)/.test(path) || /[\\\0]/.test(path))
      throw new ApiError('invalid_request', 'The path must not climb: . and .. and backslashes are refused')
    return once === '' ? '/' : once
  } catch (cause) {
    if (cause instanceof ApiError) throw cause
    throw new ApiError('invalid_request', 'The path is not validly encoded', { cause })
  }
}
