import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TokenAnswer } from '../../src/connections/providers/provider.ts'
import { errorAnswer } from './answer-shape.ts'
import type { Asked } from './request-checks.ts'

export interface Answer {
  status: number
  headers?: Record<string, string | string[]>
  body: string
}

/** What goes wrong at one endpoint. */
export interface Fault {
  /** So many requests; absent: every one. */
  times?: number
  /** Before anything happens. */
  delayMs?: number
  /** Answers at once, and nothing has happened. */
  status?: number
  /** The error of that answer, in the provider's own shape. Absent: `temporarily_unavailable`. */
  error?: string
  /** That answer is a page, as a gateway in front would send it. */
  html?: boolean
  retryAfter?: string
  /** That answer repeats all that was sent, in its body and in headers. */
  echo?: boolean
  /** That answer sends elsewhere. */
  location?: string
  /** The connection ends without an answer: before anything happens, or after all has. */
  drop?: 'before' | 'after'
  /** All has happened, but its answer drips, or never ends. */
  body?: 'slow' | 'endless'
  /** All has happened, and the answer is this. */
  replace?: { status?: number; headers?: Record<string, string | string[]>; body?: string }
}

/** The answer of a request that gets nowhere; undefined: it is processed. */
export function early(fault: Fault | undefined, shape: TokenAnswer, asked: Asked): Answer | undefined {
  if (fault?.status === undefined && fault?.html === undefined && fault?.location === undefined) return undefined
  const status = fault.status ?? (fault.location === undefined ? 502 : 307)
  const echo = fault.echo ? echoOf(asked) : ''
  const headers = {
    'content-type': fault.html ? 'text/html' : 'application/json',
    ...(fault.retryAfter && { 'retry-after': fault.retryAfter }),
    ...(fault.location && { location: fault.location }),
    ...(echo && { 'x-debug': echo, 'www-authenticate': `Bearer error_description="${echo.replaceAll('"', "'")}"` }),
  }
  const error = fault.error ?? 'temporarily_unavailable'
  const body = fault.html
    ? `<!doctype html><title>${status}</title><h1>Something went wrong</h1><p>${echo}</p>`
    : JSON.stringify(errorAnswer(shape, error, `this was ordered. ${echo}`))
  return { status, headers, body }
}

const echoOf = ({ url, headers, body }: Asked) =>
  `${url.search} ${headers.authorization ?? ''} ${body}`.replace(/[^\x20-\x7e]/g, ' ').slice(0, 4000)

/** Sends the answer as the fault has it; resolves when nobody listens any more. */
export async function send(response: ServerResponse, answer: Answer, fault: Fault | undefined): Promise<void> {
  if (fault?.drop === 'after') {
    response.socket?.destroy()
    return
  }
  const { status, headers, body } = { ...answer, ...fault?.replace }
  response.writeHead(status, { 'cache-control': 'no-store', 'content-type': 'application/json', ...headers })
  if (fault?.body === 'slow') await drip(response, body)
  if (fault?.body === 'endless') await flood(response)
  else if (fault?.body !== 'slow') response.end(body)
}

async function drip(response: ServerResponse, body: string): Promise<void> {
  for (const character of body) {
    if (response.destroyed) return
    response.write(character)
    await sleep(50)
  }
  response.end()
}

async function flood(response: ServerResponse): Promise<void> {
  const block = ' '.repeat(64 * 1024)
  while (!response.destroyed) {
    const hasRoom = response.write(block)
    await (hasRoom ? sleep(0) : sleep(5))
  }
}
