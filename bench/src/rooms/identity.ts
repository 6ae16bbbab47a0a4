import { measureCeiling } from '../ceiling.ts'
import { type Comparison, compare, type Pace, type Row } from '../compare.ts'
import { commitMs } from '../machine.ts'
import { startPeer } from '../peer.ts'
import { comparisonTable, costLines, format, type Section } from '../results.ts'
import { type Arrival, arrival } from '../rows/arrival.ts'
import { browserArrival } from '../rows/browser-arrival.ts'
import { clientCredentials } from '../rows/client-credentials.ts'
import { codeExchange } from '../rows/code-exchange.ts'
import { introspection } from '../rows/introspection.ts'
import { refresh } from '../rows/refresh.ts'
import { signIn } from '../rows/sign-in.ts'
import type { Side } from '../side.ts'
import { type Subject, startSubject } from '../subject.ts'
import { expectLikeForLike } from '../token.ts'
import { startWebsite, type Website } from '../website.ts'
import { whileRunning } from '../while-running.ts'
import type { Options } from './options.ts'

/** The sign-in first: it warms what the other rows need, too. */
const ROWS: ((sides: Side[]) => Row)[] = [signIn, clientCredentials, codeExchange, refresh, introspection]

const METHOD = `Each server is a process of its own, the load comes from another over 127.0.0.1; every answer is checked, and one that
is wrong ends the run. Rounds take turns; a number is the median of the rounds. "durable" is node-oidc-provider 9 on
SQLite (WAL, synchronous=FULL), one commit and one sync for each write of its adapter; "memory" is its own adapter,
which forgets everything at a restart. Ours is on SQLite too: the writes of one turn share a commit, and its log is
synced before any of them is answered, so that both lose nothing they answered to. All sign access tokens (RFC 9068)
and id_tokens with ES256, but for the rows that say opaque and the introspection, where the peer knows only its opaque
tokens. Ours write an audit event for each token; the peer writes none.`

/** The authorization server against node-oidc-provider. */
export async function identity(options: Options): Promise<Section> {
  const website = await startWebsite()
  try {
    const body = await whileRunning((started) => compareWithPeers(started, website, options))
    return { id: 'identity', title: 'Identity', command: options.command, body }
  } finally {
    website.close()
  }
}

async function compareWithPeers(started: Side[], website: Website, options: Options): Promise<string> {
  const where = { folder: options.folder, redirectUri: website.redirectUri }
  const subject = await startSubject(where)
  started.push(subject)
  for (const kind of ['durable', 'memory'] as const) started.push(await startPeer(kind, where))
  return measure(subject, started, website, options)
}

async function measure(subject: Subject, sides: Side[], website: Website, options: Options): Promise<string> {
  const ceiling = await measureCeiling(options.pace.concurrency)
  const commit = commitMs(options.folder)
  for (const side of sides) await expectLikeForLike(side)

  const comparisons = await compareAll(sides, options.pace)
  const arrivals = [await arrival(subject, website), await browserArrival(subject, website)]

  return [
    METHOD,
    comparisonTable(comparisons),
    `A sign-in costs:\n${comparisons.slice(0, 1).map(costLines).join('\n')}`,
    arrivalLines(arrivals),
    `The generator makes up to ${format(ceiling.perSecond, 0)} requests a second with ${options.pace.concurrency} connections (bare \`node:http\`); a durable commit takes ${format(commit, 2)} ms on this disk.`,
  ].join('\n\n')
}

async function compareAll(sides: Side[], pace: Pace): Promise<Comparison[]> {
  const comparisons: Comparison[] = []
  for (const row of ROWS) {
    const comparison = await compare(row(sides), pace)
    console.error(`\n${comparisonTable([comparison])}`)
    comparisons.push(comparison)
  }
  return comparisons
}

function arrivalLines(arrivals: (Arrival | undefined)[]): string {
  const lines = ["From just before the agent's `POST /api/agent/authenticate` to the website's `GET /callback`:"]
  for (const measured of arrivals) {
    if (!measured) continue
    const { title, count, medianMs, p95Ms } = measured
    lines.push(`- ${title}: median ${format(medianMs, 1)} ms, p95 ${format(p95Ms, 1)} ms (${count} sign-ins)`)
  }
  return lines.join('\n')
}
