import { readConfig } from './config.ts'
import { explain } from './explain.ts'
import { PUBLISH_AHEAD_MS } from './identity/signing-keys.ts'
import { listSigningKeys } from './storage/signing-keys.ts'
import { openWorld } from './world.ts'

const USAGE = `npm run keys -- list            the signing keys, and when each signs
npm run keys -- rotate          a new signing key: published now, signing in ${PUBLISH_AHEAD_MS / 60_000} minutes
npm run keys -- rotate --now    the same at once, after a key has leaked`

/** Signing keys by hand. They also rotate by themselves, every 90 days. */
const [command, option] = process.argv.slice(2)
if ((command !== 'list' && command !== 'rotate') || (option !== undefined && option !== '--now')) {
  console.log(USAGE)
  process.exit(command === undefined ? 0 : 1)
}

try {
  await run()
} catch (error) {
  explain(error)
  process.exitCode = 1
}

async function run(): Promise<void> {
  const { deps, close } = await openWorld(readConfig({ LOG_LEVEL: 'warn', ...process.env }))
  try {
    const { signingKeys, db } = deps
    if (command === 'rotate') console.log(`New key: ${await signingKeys.rotate({ immediately: option === '--now' })}`)
    for (const { kid, alg, active_at, retires_at } of await listSigningKeys(db.read)) {
      const until = retires_at === null ? '' : `, leaves ${new Date(retires_at).toISOString()}`
      console.log(`${kid}  ${alg}  signs from ${new Date(active_at).toISOString()}${until}`)
    }
  } finally {
    await close()
  }
}
