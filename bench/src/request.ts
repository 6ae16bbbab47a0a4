import type { Reply } from './connection.ts'

/** The bytes of a request, ready to be sent many times. */
export function get(target: string, headers: string[] = []): string {
  return `${[`GET ${target} HTTP/1.1`, 'Host: 127.0.0.1', ...headers].join('\r\n')}\r\n\r\n`
}

export function postForm(target: string, form: string, headers: string[] = []): string {
  return post(target, form, ['Content-Type: application/x-www-form-urlencoded', ...headers])
}

export function postJson(target: string, value: unknown, headers: string[] = []): string {
  return post(target, JSON.stringify(value), ['Content-Type: application/json', ...headers])
}

function post(target: string, body: string, headers: string[]): string {
  const lines = [`POST ${target} HTTP/1.1`, 'Host: 127.0.0.1', `Content-Length: ${Buffer.byteLength(body)}`, ...headers]
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}

/** RFC 6749 section 2.3.1. */
export function basic(id: string, secret: string): string {
  const credentials = `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`
  return `Authorization: Basic ${Buffer.from(credentials).toString('base64')}`
}

export function location(reply: Reply): URL {
  const value = /\r\nlocation: *([^\r\n]+)/i.exec(reply.head)?.[1]
  if (!value) throw new UnexpectedReply('a redirect', reply)
  return new URL(value, 'http://127.0.0.1')
}

/** A benchmark that counts errors measures nothing: whatever we did not ask for ends the run. */
export class UnexpectedReply extends Error {
  override readonly name = 'UnexpectedReply'

  constructor(wanted: string, reply: Reply) {
    super(`Wanted ${wanted}, got ${reply.status}\n${reply.head}\n\n${reply.body.slice(0, 600)}`)
  }
}

export function expectStatus(reply: Reply, status: number): void {
  if (reply.status !== status) throw new UnexpectedReply(`status ${status}`, reply)
}

/** The value of a string member, without parsing the whole: our own CPU is not what we measure. */
export function member(reply: Reply, name: string): string {
  const start = reply.body.indexOf(`"${name}"`)
  const open = start < 0 ? -1 : reply.body.indexOf('"', start + name.length + 2)
  const close = open < 0 ? -1 : reply.body.indexOf('"', open + 1)
  if (close <= open + 1) throw new UnexpectedReply(`a "${name}"`, reply)
  return reply.body.slice(open + 1, close)
}
