import type { Random } from '../crypto/random.ts'

const FIRST_MS = 1000
const MAX_MS = 60_000

/** How long to wait after so many failures in a row: doubling, a random half of it taken off. Milliseconds. */
export function backoffMs(failures: number, random: Random): number {
  const whole = Math.min(MAX_MS, FIRST_MS * 2 ** Math.max(0, failures - 1))
  return Math.round(whole * (0.5 + random(4).readUInt32BE() / 2 ** 33))
}
