import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { compare, type Row } from '../compare.ts'
import { ROWS_PER_SIGN_IN, writeHistory } from '../history.ts'
import { comparisonTable, costLines, format, type Section } from '../results.ts'
import { clientCredentials } from '../rows/client-credentials.ts'
import { codeExchange } from '../rows/code-exchange.ts'
import { introspection } from '../rows/introspection.ts'
import { prepareTokens } from '../rows/prepare.ts'
import { refresh } from '../rows/refresh.ts'
import { signIn } from '../rows/sign-in.ts'
import type { Side } from '../side.ts'
import { type Subject, startSubject } from '../subject.ts'
import { whileRunning } from '../while-running.ts'
import type { Options } from './options.ts'

const ROWS = 1_000_000
const REDIRECT_URI = 'http://127.0.0.1:9/callback'

const MEASURED: ((sides: Side[]) => Row)[] = [signIn, clientCredentials, codeExchange, refresh, introspection]

/** Our server with an empty database and with a full one, side by side. */
export async function growth(options: Options): Promise<Section> {
  const body = await whileRunning(async (started) => {
    const empty = await start('empty', options.folder)
    started.push(empty)
    const full = await start('full', options.folder)
    started.push(full)
    const filling = await fill(full)

    const comparisons = []
    for (const row of MEASURED) comparisons.push(await compare(row([empty, full]), options.pace))
    const costs = comparisons.slice(0, 1).map(costLines).join('\n')
    return [filling, comparisonTable(comparisons), `A sign-in costs:\n${costs}`].join('\n\n')
  })
  return { id: 'growth', title: 'Growth', command: options.command, body }
}

async function start(name: string, parent: string): Promise<Subject> {
  const folder = join(parent, name)
  mkdirSync(folder)
  const subject = await startSubject({ folder, redirectUri: REDIRECT_URI })
  return { ...subject, name }
}

async function fill(subject: Subject): Promise<string> {
  const [tokens] = await prepareTokens(subject, subject.client, 1, 'jwt')
  if (!tokens) throw new Error('No sign-in to take as a pattern')
  const before = subject.databaseBytes?.() ?? 0
  writeHistory(subject.databasePath, ROWS / ROWS_PER_SIGN_IN)
  const megabytes = ((subject.databaseBytes?.() ?? 0) - before) / 1e6
  return `"full" has ${format(ROWS, 0)} rows of old sign-ins more than "empty": ${format(megabytes, 0)} MB, ${format((megabytes * 1e6 * ROWS_PER_SIGN_IN) / ROWS, 0)} bytes for each sign-in.`
}
