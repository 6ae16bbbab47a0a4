import { type Comparison, compare, type Pace } from '../compare.ts'
import { type Connected, connect } from '../connected.ts'
import { comparisonTable, costLines, format, type Section } from '../results.ts'
import { connectionProxy } from '../rows/connection-proxy.ts'
import { connectionToken } from '../rows/connection-token.ts'
import { freePort, startProcess } from '../server-process.ts'
import { startSubject } from '../subject.ts'
import { whileRunning } from '../while-running.ts'
import type { Options } from './options.ts'

const REDIRECT_URI = 'http://127.0.0.1:9/callback'

const METHOD = `Our server, the provider and the load are a process each, over 127.0.0.1; ours is on SQLite, unseals the tokens for every
call and writes an audit event for each, synced before it answers. The limit of token reads is raised for this run
(\`CONNECTION_TOKENS_RPM\`). No broker of this kind can be had from npm: what ours is compared with is the provider itself, a
bare \`node:http\` that answers at once, called without us.`

/** Reading a connection's token, and what the proxy adds to a call. */
export async function connections(options: Options): Promise<Section> {
  const port = await freePort()
  const entry = new URL('../provider-server.ts', import.meta.url)
  const provider = await startProcess(port, { entry, env: { PORT: String(port) }, readyPath: '/' })
  try {
    const body = await whileRunning(async (started) => {
      const env = { EGRESS_ALLOW: '127.0.0.1', CONNECTION_TOKENS_RPM: '10000000' }
      const subject = await startSubject({ folder: options.folder, redirectUri: REDIRECT_URI, env })
      started.push(subject)
      return measure(await connect(subject, provider), options.pace)
    })
    return { id: 'connections', title: 'Connections', command: options.command, body }
  } finally {
    await provider.stop()
  }
}

async function measure(connected: Connected, pace: Pace): Promise<string> {
  const tokens = await told(compare(connectionToken(connected), pace))
  const proxied = await told(compare(named(connectionProxy(connected), pace.concurrency), pace))
  const alone = { ...pace, concurrency: 1 }
  const one = await told(compare(named(connectionProxy(connected), 1), alone))
  return [
    METHOD,
    comparisonTable([tokens, proxied, one]),
    `One call at a time, the proxy adds ${format(addedMs(one), 2)} ms at the median.`,
    `They cost:\n${costLines({ ...tokens, results: [...tokens.results.slice(0, 1), ...one.results.slice(0, 1)] })}`,
  ].join('\n\n')
}

const named = <T extends { title: string }>(row: T, concurrency: number): T => ({
  ...row,
  title: `${row.title}, ${concurrency} at a time`,
})

async function told(comparing: Promise<Comparison>): Promise<Comparison> {
  const comparison = await comparing
  console.error(`\n${comparisonTable([comparison])}`)
  return comparison
}

function addedMs({ results: [through, past] }: Comparison): number | undefined {
  return through && past && through.p50 - past.p50
}
