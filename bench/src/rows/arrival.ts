import { type ClientRequest, get as httpGet, type IncomingMessage } from 'node:http'
import { Connection } from '../connection.ts'
import { expectStatus, get, location } from '../request.ts'
import { median, quantile } from '../statistics.ts'
import { authenticate, authorize, type Pending, type Subject } from '../subject.ts'
import type { Website } from '../website.ts'

const WARM_UP = 20
const SIGN_INS = 200

export type Arrival = { title: string; count: number; medianMs: number; p95Ms: number }

/** From just before the agent's call until the website is reached, by the page's own way: event, resume, redirect. */
export async function arrival(subject: Subject, website: Website): Promise<Arrival> {
  const connections = {
    agent: new Connection(subject.server.port),
    browser: new Connection(subject.server.port),
    website: new Connection(website.port),
  }
  try {
    const times: number[] = []
    for (let index = 0; index < WARM_UP + SIGN_INS; index++) {
      const ms = await measure(subject, website, connections, index)
      if (index >= WARM_UP) times.push(ms)
    }
    return summarizeArrival('arrival over server-sent events, no browser', times)
  } finally {
    for (const connection of Object.values(connections)) connection.close()
  }
}

export function summarizeArrival(title: string, times: number[]): Arrival {
  return { title, count: times.length, medianMs: median(times), p95Ms: quantile(times, 0.95) }
}

type Connections = Record<'agent' | 'browser' | 'website', Connection>

async function measure(subject: Subject, website: Website, connections: Connections, index: number): Promise<number> {
  const pending = await authorize(connections.browser, subject.client)
  const stream = await openStream(subject.server.port, pending)
  const arrived = website.arrival(pending.state)

  const start = performance.now()
  const authenticated = authenticate(connections.agent, pending, subject.agents[index % subject.agents.length])
  await follow(connections, pending, await stream.redirectTo)
  const ms = (await arrived) - start

  await authenticated
  stream.request.destroy()
  return ms
}

async function follow({ browser, website }: Connections, pending: Pending, redirectTo: string): Promise<void> {
  const resume = new URL(redirectTo, 'http://127.0.0.1')
  const answer = await browser.send(get(resume.pathname + resume.search, pending.jar.headers(resume.pathname)))
  expectStatus(answer, 303)
  const back = location(answer)
  expectStatus(await website.send(get(back.pathname + back.search)), 200)
}

type Stream = { request: ClientRequest; redirectTo: Promise<string> }

/** Resolves when the server has answered with its first event, so that the subscription stands. */
function openStream(port: number, pending: Pending): Promise<Stream> {
  const path = `/api/check-status/stream?request_id=${pending.id}`
  const [cookie = ''] = pending.jar.headers(path)
  const headers = { Accept: 'text/event-stream', Cookie: cookie.replace(/^Cookie: /, '') }

  return new Promise((resolve, reject) => {
    const request = httpGet({ port, host: '127.0.0.1', path, headers }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`The stream answered ${response.statusCode}`))
      const { first, redirectTo } = readEvents(response)
      first.then(() => resolve({ request, redirectTo }), reject)
    })
    request.on('error', reject)
  })
}

function readEvents(response: IncomingMessage) {
  const first = Promise.withResolvers<void>()
  const redirectTo = Promise.withResolvers<string>()
  let text = ''
  response.setEncoding('utf8')
  response.on('data', (chunk: string) => {
    text += chunk
    first.resolve()
    const found = /"redirect_to":"([^"]+)"/.exec(text)?.[1]
    if (found) redirectTo.resolve(found)
  })
  response.on('close', () => redirectTo.reject(new Error(`The stream ended without a redirect: ${text}`)))
  // Nobody waits for it any more when we close the stream ourselves.
  redirectTo.promise.catch(() => {})
  return { first: first.promise, redirectTo: redirectTo.promise }
}
