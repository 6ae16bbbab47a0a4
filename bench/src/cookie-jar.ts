import type { Reply } from './connection.ts'

type Cookie = { value: string; path: string }

/** What one fresh browser remembers. RFC 6265, for one host over plain http. */
export class CookieJar {
  readonly #cookies = new Map<string, Cookie>()

  take(reply: Reply): void {
    for (const [, line] of reply.head.matchAll(/\r\nset-cookie: *([^\r\n]+)/gi)) this.#set(line ?? '')
  }

  /** The header lines to send with a request to this path: one or none. */
  headers(path: string): string[] {
    const pairs: string[] = []
    for (const [name, cookie] of this.#cookies) if (path.startsWith(cookie.path)) pairs.push(`${name}=${cookie.value}`)
    return pairs.length === 0 ? [] : [`Cookie: ${pairs.join('; ')}`]
  }

  list(): { name: string; value: string; path: string }[] {
    return [...this.#cookies].map(([name, cookie]) => ({ name, ...cookie }))
  }

  #set(line: string): void {
    const equals = line.indexOf('=')
    const end = line.indexOf(';') < 0 ? line.length : line.indexOf(';')
    const name = line.slice(0, equals)
    if (/; *max-age=0|; *expires=Thu, 01 Jan 1970/i.test(line)) this.#cookies.delete(name)
    else
      this.#cookies.set(name, { value: line.slice(equals + 1, end), path: /; *path=([^;]+)/i.exec(line)?.[1] ?? '/' })
  }
}
