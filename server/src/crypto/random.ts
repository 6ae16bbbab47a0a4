import { randomFillSync } from 'node:crypto'

/** Fresh random bytes. The server's only dice; tests may load them. */
export type Random = (bytes: number) => Buffer

const POOL_BYTES = 8192

/** A CSPRNG that asks the kernel once for many small draws. Bytes handed out are wiped from the pool. */
export function createRandom(): Random {
  const pool = Buffer.alloc(POOL_BYTES)
  let used = POOL_BYTES
  return (bytes) => {
    if (bytes > POOL_BYTES) return randomFillSync(Buffer.alloc(bytes))
    if (used + bytes > POOL_BYTES) {
      randomFillSync(pool)
      used = 0
    }
    const drawn = Buffer.from(pool.subarray(used, used + bytes))
    pool.fill(0, used, used + bytes)
    used += bytes
    return drawn
  }
}
