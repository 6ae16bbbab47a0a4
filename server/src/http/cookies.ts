/** The cookies of a request in the order they came, oldest first within a path (RFC 6265 §5.4). */
export function parseCookies(header: string | undefined): [name: string, value: string][] {
  if (!header) return []
  return header.split(';').flatMap((pair): [string, string][] => {
    const equals = pair.indexOf('=')
    return equals < 0 ? [] : [[pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()]]
  })
}

/** A session-bound cookie that no script reads and no other site sends along. `__Host-` names demand `Secure`. */
export function serializeCookie(name: string, value: string, options: { secure: boolean; maxAge: number }): string {
  return `${name}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${options.maxAge}${options.secure ? '; Secure' : ''}`
}
