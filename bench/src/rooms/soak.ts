import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { type LiveMemory, liveMemory } from '../live-memory.ts'
import { modelKey } from '../model-key.ts'
import { format, type Section, table } from '../results.ts'
import { freePort, type ServerProcess, startProgram } from '../server-process.ts'
import { type Subject, startSubject } from '../subject.ts'
import { whileRunning } from '../while-running.ts'
import type { Options } from './options.ts'

const REDIRECT_URI = 'http://127.0.0.1:9/callback'
const MODEL = 'gpt-soak'
/** Of all calls. */
const ABORTED = 0.3
/** Before the first byte, in the midst, and just before the end of what the upstream takes. */
const LONGEST_PATIENCE_MS = 200
const SAMPLE_MS = 30_000
/** The caches of the database fill, which takes 64 MB of it. */
const WARM_UP = 0.5
/** Idle connections are given up by then. */
const REST_MS = 90_000

const METHOD = `The upstream, our server (SQLite, everything on) and the load are a process each. Half of the calls are streams; of all, 30 %
are broken off by their caller after 0 to ${LONGEST_PATIENCE_MS} ms. An answer takes about that long. Every 30 s, garbage is collected and the memory
read; slopes are lines through that, in the second half. Beside the heap, the process holds the pages of the database that it has
read, 64 MB at most for each of its two handles: these fill while the database grows to that.`

/** The gateway of models for long, with callers who hang up: what it holds on to, and what it leaves behind. */
export async function soak(options: Options): Promise<Section> {
  const upstream = await startProgram(new URL('../soak-upstream.ts', import.meta.url))
  try {
    const body = await whileRunning(async (started) => {
      const env = { EGRESS_ALLOW: '127.0.0.1', RATE_LIMIT_RPM: '1000000' }
      const inspector = await freePort()
      const nodeOptions = [`--inspect=127.0.0.1:${inspector}`]
      const subject = await startSubject({ folder: options.folder, redirectUri: REDIRECT_URI, nodeOptions, env })
      started.push(subject)
      const key = await modelKey(subject, `http://127.0.0.1:${upstream.port}/v1`, MODEL)
      const told = await soaked(subject, inspector, key, options.soak)
      return [METHOD, table(['what', 'how much'], [...told, ...(await leftBehind(subject, upstream))])].join('\n\n')
    })
    return { id: 'soak', title: 'Soak', command: options.command, body }
  } finally {
    await upstream.stop()
  }
}

interface Sample extends LiveMemory {
  minute: number
}

async function soaked(
  { server, databaseBytes }: Subject,
  inspector: number,
  key: string,
  { minutes, rps }: Options['soak'],
): Promise<string[][]> {
  const outcomes = { whole: 0, streamed: 0, 'broken off': 0 }
  const wrong = new Map<string, number>()
  const agent = new Agent({ keepAlive: true })
  const underWay = new Set<Promise<void>>()
  const samples: Sample[] = []
  const cpuBefore = server.cpuMs() ?? 0
  const began = performance.now()
  const passed = () => performance.now() - began

  function call(stream: boolean): void {
    const calling = callOnce(server.port, agent, key, stream)
      .then((outcome) => {
        outcomes[outcome]++
      })
      .catch((error: Error) => {
        wrong.set(error.message, (wrong.get(error.message) ?? 0) + 1)
      })
      .finally(() => underWay.delete(calling))
    underWay.add(calling)
  }

  let sampling: Promise<void> | undefined
  async function sample(): Promise<void> {
    const live = await liveMemory(inspector)
    samples.push({ minute: passed() / 60_000, ...live })
    const [rss, heap, database] = [live.rss, live.heapUsed, databaseBytes?.()].map((bytes) =>
      format((bytes ?? 0) / 1e6, 1),
    )
    const faults = [...wrong.values()].reduce((sum, count) => sum + count, 0)
    console.error(
      `${format(passed() / 60_000, 1)} min: ${rss} MB, heap ${heap} MB, database ${database} MB, ${faults} wrong answers`,
    )
    sampling = undefined
  }

  for (let made = 0; passed() < minutes * 60_000; await sleep(5)) {
    // As many as are due: who is slow is not waited for.
    for (; made < (passed() * rps) / 1000; made++) call(made % 2 === 0)
    if (!sampling && passed() >= (samples.length + 1) * SAMPLE_MS) sampling = sample()
  }
  const seconds = passed() / 1000
  await Promise.all([...underWay, sampling])
  agent.destroy()

  const calls = Object.values(outcomes).reduce((sum, one) => sum + one, 0)
  const warm = samples.filter(({ minute }) => minute >= minutes * WARM_UP)
  return [
    ['calls a second, for minutes', `${format(calls / seconds, 1)}, ${format(minutes, 1)}`],
    ...Object.entries(outcomes).map(([name, count]) => [name, format(count, 0)]),
    ['wrong answers', wrong.size === 0 ? '0' : [...wrong].map(([what, count]) => `${count} x ${what}`).join('; ')],
    ['CPU for a call, ms', format(((server.cpuMs() ?? 0) - cpuBefore) / calls, 2)],
    ['heap in use, MB: warm, at the end, at most', memoryOf(warm, 'heapUsed')],
    ['slope of the heap, MB in 10 minutes', format(slopeOf(warm, 'heapUsed') * 10, 2)],
    ['outside of the heap, MB: warm, at the end, at most', memoryOf(warm, 'external')],
    ['memory of the process, MB: warm, at the end, at most', memoryOf(warm, 'rss')],
    ['slope of the memory of the process, MB in 10 minutes', format(slopeOf(warm, 'rss') * 10, 2)],
    ['the database, MB', format((databaseBytes?.() ?? 0) / 1e6, 1)],
  ]
}

type Outcome = 'whole' | 'streamed' | 'broken off'

/** One call, to its end or to that of its caller's patience. Throws what should not have come. */
async function callOnce(port: number, agent: Agent, key: string, stream: boolean): Promise<Outcome> {
  const body = JSON.stringify({ model: MODEL, stream, max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }] })
  const sending = request({
    port,
    agent,
    method: 'POST',
    path: '/v1/chat/completions',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    },
  })
  let isGone = false
  const patience =
    Math.random() < ABORTED
      ? setTimeout(() => {
          isGone = true
          sending.destroy()
        }, Math.random() * LONGEST_PATIENCE_MS)
      : undefined
  try {
    sending.end(body)
    const [response] = await once(sending, 'response')
    let text = ''
    for await (const piece of response.setEncoding('utf8')) text += piece
    if (response.statusCode !== 200) throw new Error(`${response.statusCode} ${text.slice(0, 200)}`)
    if (stream && !text.endsWith('data: [DONE]\n\n')) throw new Error('a stream without its end')
    return stream ? 'streamed' : 'whole'
  } catch (error) {
    if (isGone) return 'broken off'
    throw error
  } finally {
    clearTimeout(patience)
  }
}

/** What is there once nobody calls any more, and idle connections have had their time. */
async function leftBehind({ databasePath, server, adminKey }: Subject, upstream: ServerProcess): Promise<string[][]> {
  const end = performance.now() + REST_MS
  let counts = await countsOf(upstream)
  let left = moneyIn(databasePath)
  while ((counts.sockets > 0 || left.reservations > 0) && performance.now() < end) {
    await sleep(1000)
    counts = await countsOf(upstream)
    left = moneyIn(databasePath)
  }
  const verified = await fetch(`http://127.0.0.1:${server.port}/api/admin/audit-log/verify`, {
    headers: { authorization: `Bearer ${adminKey}` },
  })
  const { valid } = (await verified.json()) as { valid: boolean }
  return [
    ['calls that reached the upstream, that it saw broken off', `${counts.calls}, ${counts.brokenOff}`],
    ['answers open at the upstream, at the end', String(counts.open)],
    ['sockets open to the upstream, at the end', String(counts.sockets)],
    ['reservations not settled, cents still set aside', `${left.reservations}, ${left.reserved}`],
    ['receipts, and whether ledger and balance agree', `${left.receipts}, ${left.agrees ? 'yes' : 'no'}`],
    ['the audit log is whole', valid ? 'yes' : 'no'],
  ]
}

interface Counts {
  calls: number
  open: number
  brokenOff: number
  sockets: number
}

async function countsOf({ port }: ServerProcess): Promise<Counts> {
  const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })
  return (await answer.json()) as Counts
}

function moneyIn(path: string) {
  const db = new DatabaseSync(path, { readOnly: true })
  const number = (statement: string) => Number(db.prepare(`select (${statement}) as n`).get()?.n ?? 0)
  try {
    const balance = number('select sum(balance_nano) from balance')
    return {
      reservations: number('select count(*) from reservation'),
      reserved: number('select sum(reserved_nano) from balance') / 1e7,
      receipts: number('select count(*) from usage_record'),
      agrees: balance === number('select sum(amount_nano) from ledger_entry'),
    }
  } finally {
    db.close()
  }
}

function memoryOf(samples: readonly Sample[], of: keyof LiveMemory): string {
  const all = samples.map((sample) => sample[of] / 1e6)
  return [all[0], all.at(-1), Math.max(...all)].map((one) => format(one, 1)).join(', ')
}

/** Megabytes in a minute, by least squares. */
function slopeOf(samples: readonly Sample[], of: keyof LiveMemory): number {
  const mean = (value: (sample: Sample) => number) => samples.reduce((sum, one) => sum + value(one), 0) / samples.length
  const minute = mean((one) => one.minute)
  const megabytes = mean((one) => one[of] / 1e6)
  const spread = samples.reduce((sum, one) => sum + (one.minute - minute) ** 2, 0)
  return samples.reduce((sum, one) => sum + (one.minute - minute) * (one[of] / 1e6 - megabytes), 0) / spread
}
