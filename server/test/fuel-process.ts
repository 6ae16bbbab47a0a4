import { readConfig } from '../src/config.ts'
import { createLogger } from '../src/http/log.ts'
import { hold, sweepReservations } from '../src/models/fuel/reservations.ts'
import { openWorld } from '../src/world.ts'
import { callOf, reserve } from './fuel-calls.ts'

/**
 * A process that makes calls: `reserve <user> <times> <nano>`, `stream <user> <nano> <spent>`, `sweep`; and says what came of
 * it. `die <user> <nano>` reserves, and is gone in the moment in which it hears that it did.
 */
const [what, userId = '', ...numbers] = process.argv.slice(2)
const { deps, close } = await openWorld(readConfig(process.env as Record<string, string>), {
  log: createLogger('silent'),
})

async function reserveMany(times: number, nano: number) {
  const tries = await Promise.allSettled(Array.from({ length: times }, () => reserve(deps, callOf(userId), nano)))
  const refused = tries.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))
  return { reserved: times - refused.length, refused: [...new Set(refused)] }
}

async function stream(nano: number, spent: number) {
  const reservation = await reserve(deps, callOf(userId), nano)
  hold(deps, reservation).note({ model_served: 'gpt-4o-mini', output_tokens: 40 }, spent)
  // What is noted is written by the clock; the process then goes on until it is killed.
  setInterval(() => {}, 1000)
  return reservation
}

const [first = 0, second = 0] = numbers.map(Number)
const say = (what: unknown) => process.stdout.write(JSON.stringify(what))
if (what === 'stream') say(await stream(first, second))
else if (what === 'die') {
  await reserve(deps, callOf(userId), first)
  process.kill(process.pid, 'SIGKILL')
} else {
  say(what === 'sweep' ? await sweepReservations(deps) : await reserveMany(first, second))
  await close()
}
