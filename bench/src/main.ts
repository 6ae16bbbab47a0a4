import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { render, type Section, writeSection } from './results.ts'
import { connections } from './rooms/connections.ts'
import { growth } from './rooms/growth.ts'
import { identity } from './rooms/identity.ts'
import { models } from './rooms/models.ts'
import type { Options } from './rooms/options.ts'
import { profile } from './rooms/profile.ts'
import { soak } from './rooms/soak.ts'

const ROOMS: Record<string, (options: Options) => Promise<Section>> = {
  identity,
  connections,
  models,
  growth,
  profile,
  soak,
}

const USAGE = `npm run bench -- [${Object.keys(ROOMS).join(' | ')}] [--rounds N] [--write]

identity     the authorization server against node-oidc-provider (what runs without a name)
connections  reading a token, and the proxy against the same API called directly
models       the gateway of models against Portkey's, and against the upstream called directly
growth       ours with an empty database and with a million rows
profile      where ours spends its time
soak         the gateway of models for long: what it holds on to, and what it leaves behind
--rounds N   rounds of each row and side (default 5)
--minutes N  of the soak (default 10)
--rps N      calls a second of the soak (default 100)
--write      also writes the section into bench/RESULTS.md`

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    minutes: { type: 'string', default: '10' },
    rps: { type: 'string', default: '100' },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const [name = 'identity'] = positionals
const room = ROOMS[name]
const [rounds = 0, minutes = 0, rps = 0] = [values.rounds, values.minutes, values.rps].map(Number)
if (values.help || !room || !Number.isInteger(rounds) || rounds < 1 || !(minutes > 0) || !(rps > 0)) {
  console.error(USAGE)
  process.exit(values.help ? 0 : 2)
}

const folder = mkdtempSync(join(tmpdir(), 'auth-agent-bench-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
// An interrupted run leaves no server behind: they are stopped as the process exits.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

try {
  const pace = { concurrency: 32, rounds, warmUpSeconds: 4, roundSeconds: 1 }
  const command = `npm run bench -- ${process.argv.slice(2).join(' ')}`.replace(/ -- $/, '')
  const section = await room({ pace, soak: { minutes, rps }, folder, command })
  console.log(render(section))
  if (values.write) writeSection(section)
} catch (error) {
  console.error(error)
  process.exitCode = 1
}
