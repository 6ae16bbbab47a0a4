import { type Comparison, compare, type Pace } from '../compare.ts'
import { modelKey } from '../model-key.ts'
import { comparisonTable, costLines, format, type Section } from '../results.ts'
import { type ChatSide, chatCompletion } from '../rows/chat-completion.ts'
import { type FirstByte, firstByte } from '../rows/first-byte.ts'
import { freePort, type ServerProcess, startProcess, startProgram } from '../server-process.ts'
import { type Subject, startSubject } from '../subject.ts'
import { whileRunning } from '../while-running.ts'
import type { Options } from './options.ts'

const REDIRECT_URI = 'http://127.0.0.1:9/callback'
const MODEL = 'gpt-bench'

const METHOD = `The upstream, our server, Portkey's gateway (1.15) and the load are a process each, over 127.0.0.1. Ours is on SQLite, with
everything on: an API key is checked, a call is taken of the person's limit, credits are set aside and settled, a receipt
and an audit event are written, and are on the disk before an answer in one piece goes out. Portkey's gateway passes the call
on, and keeps nothing. The answer has 40 words: in one piece, or in 42 events. Portkey's gateway stands on @hono/node-server
1.13.8: with what its package would take today, it answers 500 to every stream.`

/** The gateway of models against a peer, and what it adds to the upstream called directly. */
export async function models(options: Options): Promise<Section> {
  const upstream = await startProgram(new URL('../model-upstream.ts', import.meta.url))
  const portkey = await startPortkey()
  try {
    const body = await whileRunning(async (started) => {
      const env = { EGRESS_ALLOW: '127.0.0.1', RATE_LIMIT_RPM: '1000000' }
      const subject = await startSubject({ folder: options.folder, redirectUri: REDIRECT_URI, env })
      started.push(subject)
      return measure(await sidesOf(subject, portkey, upstream), options.pace)
    })
    return { id: 'models', title: 'Models', command: options.command, body }
  } finally {
    await portkey.stop()
    await upstream.stop()
  }
}

async function startPortkey(): Promise<ServerProcess> {
  const port = await freePort()
  const entry = new URL(import.meta.resolve('@portkey-ai/gateway/build/start-server.js'))
  return startProcess(port, {
    entry,
    args: ['--headless', `--port=${port}`],
    env: { NODE_ENV: 'production' },
    readyPath: '/',
  })
}

async function sidesOf(subject: Subject, portkey: ServerProcess, upstream: ServerProcess): Promise<ChatSide[]> {
  const base = `http://127.0.0.1:${upstream.port}/v1`
  const path = '/v1/chat/completions'
  const routed = ['x-portkey-provider: openai', `x-portkey-custom-host: ${base}`, 'Authorization: Bearer bench']
  return [
    {
      label: 'auth-agent',
      side: subject,
      path,
      model: MODEL,
      headers: [`Authorization: Bearer ${await modelKey(subject, base, MODEL)}`],
    },
    { label: 'portkey', side: { server: portkey }, path, model: MODEL, headers: routed },
    { label: 'directly', side: { server: upstream }, path, model: MODEL, headers: [] },
  ]
}

async function measure(sides: readonly ChatSide[], pace: Pace): Promise<string> {
  const comparisons: Comparison[] = []
  const added: string[] = []
  for (const stream of [false, true]) {
    for (const concurrency of [1, pace.concurrency]) {
      const comparison = await compare(chatCompletion(sides, stream, concurrency), { ...pace, concurrency })
      console.error(`\n${comparisonTable([comparison])}`)
      comparisons.push(comparison)
      if (concurrency === 1) added.push(addedLine(comparison))
    }
  }
  const first = (await firstByte(sides)).map(firstByteLine).join('\n')
  const costs = comparisons.slice(0, 1).map(costLines).join('\n')
  return [
    METHOD,
    comparisonTable(comparisons),
    added.join('\n'),
    `The first byte of a stream:\n${first}`,
    `A call costs:\n${costs}`,
  ].join('\n\n')
}

function firstByteLine({ label, medianMs, p95Ms }: FirstByte): string {
  return `- ${label}: ${format(medianMs, 2)} ms at the median, ${format(p95Ms, 2)} ms at p95`
}

function addedLine({ title, results }: Comparison): string {
  const directly = results.at(-1)
  const added = results
    .slice(0, -1)
    .map(({ label, p50 }) => `${label} adds ${format(p50 - (directly?.p50 ?? 0), 2)} ms`)
  return `- ${title}, at the median: ${added.join(', ')}`
}
