import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { compare, type Row } from '../compare.ts'
import { readProfile, type SelfTime } from '../cpu-profile.ts'
import { format, type Section, table } from '../results.ts'
import { clientCredentials } from '../rows/client-credentials.ts'
import { codeExchange } from '../rows/code-exchange.ts'
import { introspection } from '../rows/introspection.ts'
import { refresh } from '../rows/refresh.ts'
import { signIn } from '../rows/sign-in.ts'
import type { Side } from '../side.ts'
import { startSubject } from '../subject.ts'
import { whileRunning } from '../while-running.ts'
import type { Options } from './options.ts'

const REDIRECT_URI = 'http://127.0.0.1:9/callback'
const FUNCTIONS = 30
const PLACES = 25

const ROWS: ((sides: Side[]) => Row)[] = [clientCredentials, refresh, introspection, codeExchange, signIn]

/** Where our server spends its time: each row with a process of its own under V8's profiler. */
export async function profile(options: Options): Promise<Section> {
  const parts: string[] = []
  for (const [index, row] of ROWS.entries()) {
    const folder = join(options.folder, String(index))
    const profiles = join(folder, 'profiles')
    mkdirSync(folder)
    await whileRunning(async (started) => {
      const subject = await startSubject({
        folder,
        redirectUri: REDIRECT_URI,
        nodeOptions: ['--cpu-prof', '--cpu-prof-interval=300', `--cpu-prof-dir=${profiles}`],
      })
      started.push(subject)
      const { title, results } = await compare(row([subject]), options.pace)
      parts.push(`### ${title}\n\n${format(results[0]?.cpuMs, 3)} ms of CPU each, under the profiler`)
    })
    parts.push(describe(profiles))
  }
  return { id: 'profile', title: 'Where the time goes', command: options.command, body: parts.join('\n\n') }
}

function describe(folder: string): string {
  const [file] = readdirSync(folder)
  if (!file) throw new Error('The server wrote no profile: it did not end by itself on SIGTERM')
  const { functions, places } = readProfile(join(folder, file))
  return `${shareTable('function', functions.slice(0, FUNCTIONS))}\n\n${shareTable('place', places.slice(0, PLACES))}`
}

function shareTable(what: string, rows: SelfTime[]): string {
  return table(
    [what, 'self time'],
    rows.map(({ name, share }) => [`\`${name}\``, `${format(share * 100, 1)} %`]),
  )
}
