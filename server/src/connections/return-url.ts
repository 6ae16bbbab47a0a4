import { type Config, LOOPBACK_HOSTS } from '../config.ts'

type Rules = Pick<Config, 'allowedReturnDomains' | 'enforceReturnUrl' | 'issuer'>

const MAX_LENGTH = 2048

/** What every URL parser reads alike: a plain host, perhaps a port, and ASCII without back slashes or white space. */
const PLAIN = /^https?:\/\/([a-z0-9.-]+|\[::1\])(:\d{1,5})?([/?#][\x21-\x5b\x5d-\x7e]*)?$/i

/** Whether a browser may be sent there when the person has answered. */
export function isAllowedReturnUrl({ allowedReturnDomains, enforceReturnUrl, issuer }: Rules, url: string): boolean {
  if (url === consoleReturnUrl({ issuer }) || url === mcpServersUrl({ issuer })) return true
  if (url.length > MAX_LENGTH || !PLAIN.test(url) || /%0[ad]/i.test(url) || !URL.canParse(url)) return false
  const { protocol, host, hostname } = new URL(url)
  if (!enforceReturnUrl) return true
  // Traffic that cannot leave the machine needs no TLS, and its ports are whose they are.
  if (LOOPBACK_HOSTS.has(hostname))
    return allowedReturnDomains.includes(hostname) || allowedReturnDomains.includes(host)
  return protocol === 'https:' && allowedReturnDomains.some((domain) => covers(domain, host))
}

/** Where a person comes back to who connects from the console: our own, so on no list. */
export function consoleReturnUrl({ issuer }: Pick<Config, 'issuer'>): string {
  return `${issuer}/console/connections`
}

/** Where an administrator comes back to who authorized an MCP server. */
export function mcpServersUrl({ issuer }: Pick<Config, 'issuer'>): string {
  return `${issuer}/console/mcp-servers`
}

/** `app.example.com`, `app.example.com:8443`, or `*.example.com` for what is below it, not itself. Another port is another site. */
function covers(domain: string, host: string): boolean {
  return domain.startsWith('*.') ? host.endsWith(domain.slice(1)) && host.length > domain.length - 1 : host === domain
}

/** The URL with parameters added; its own query and fragment are kept as they stand. */
export function withParameters(url: string, parameters: Readonly<Record<string, string>>): string {
  const [, base = '', fragment = ''] = /^([^#]*)(#.*)?$/s.exec(url) ?? []
  const query = Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
  const joint = !base.includes('?') ? '?' : /[?&]$/.test(base) ? '' : '&'
  return `${base}${joint}${query.join('&')}${fragment}`
}
