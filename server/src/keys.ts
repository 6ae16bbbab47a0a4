import { readConfig } from './config.ts'
import type { Deps } from './context.ts'
import { explain } from './explain.ts'
import { PUBLISH_AHEAD_MS } from './identity/signing-keys.ts'
import { changeSealed, countSealed } from './master-key-change.ts'
import { SEALED_COLUMNS } from './sealed-columns.ts'
import { listSigningKeys } from './storage/signing-keys.ts'
import { openWorld } from './world.ts'

const USAGE = `Signing keys, which also rotate by themselves every 90 days:
  npm run keys -- list                     the keys, and when each signs
  npm run keys -- rotate                   a new one: published now, signing in ${PUBLISH_AHEAD_MS / 60_000} minutes
  npm run keys -- rotate --now             the same at once, after a key has leaked

Master keys (MASTER_KEYS), while servers run; each can be cut off and begun again:
  npm run keys -- status                   how many sealed records need which key
  npm run keys -- rewrap [--dry-run]       brings all of them under the first key
  npm run keys -- reencrypt [--dry-run]    the same with new data keys, after a key has leaked`

const COMMANDS: Readonly<Record<string, { option?: string; run: (deps: Deps, option: boolean) => Promise<void> }>> = {
  list: { run: list },
  rotate: { option: '--now', run: rotate },
  status: { run: status },
  rewrap: { option: '--dry-run', run: (deps, dryRun) => change(deps, 'rewrap', dryRun) },
  reencrypt: { option: '--dry-run', run: (deps, dryRun) => change(deps, 'reencrypt', dryRun) },
}

const [name, option, ...rest] = process.argv.slice(2)
const command = name === undefined || !Object.hasOwn(COMMANDS, name) ? undefined : COMMANDS[name]
if (!command || (option !== undefined && option !== command.option) || rest.length > 0) {
  console.log(USAGE)
  process.exit(name === undefined ? 0 : 1)
}

try {
  const { deps, close } = await openWorld(readConfig({ LOG_LEVEL: 'warn', ...process.env }))
  try {
    await command.run(deps, option !== undefined)
  } finally {
    await close()
  }
} catch (error) {
  explain(error)
  process.exitCode = 1
}

async function list({ db }: Deps): Promise<void> {
  for (const { kid, alg, active_at, retires_at } of await listSigningKeys(db.read)) {
    const until = retires_at === null ? '' : `, leaves ${new Date(retires_at).toISOString()}`
    console.log(`${kid}  ${alg}  signs from ${new Date(active_at).toISOString()}${until}`)
  }
}

async function rotate(deps: Deps, immediately: boolean): Promise<void> {
  console.log(`New key: ${await deps.signingKeys.rotate({ immediately })}`)
  await list(deps)
}

async function status(deps: Deps): Promise<void> {
  const counts = await countSealed(deps, SEALED_COLUMNS)
  for (const { column, under } of counts)
    console.log(`${column}: ${[...under].map(([id, count]) => `${count} under ${id}`).join(', ') || 'none'}`)
  const used = new Set(counts.flatMap(({ under }) => [...under.keys()]))
  for (const [at, id] of deps.ring.ids.entries()) console.log(`Key ${id}: ${standing(at, used.has(id))}`)
  for (const id of used)
    if (!deps.ring.ids.includes(id)) {
      console.log(`Key ${id}: MISSING from MASTER_KEYS, and needed`)
      process.exitCode = 1
    }
}

function standing(at: number, used: boolean): string {
  if (at === 0) return 'the first; everything new is under it'
  return used
    ? 'still needed; `rewrap` first'
    : 'no sealed record needs it. Hashes of secrets made under it still do: see docs/operators.md'
}

async function change(deps: Deps, how: 'rewrap' | 'reencrypt', dryRun: boolean): Promise<void> {
  for (const { column, changed, overtaken } of await changeSealed(deps, SEALED_COLUMNS, how, { dryRun }))
    console.log(
      `${column}: ${changed}${dryRun ? ' would be' : ''} changed${overtaken > 0 ? `, ${overtaken} written meanwhile` : ''}`,
    )
}
