import { Connection } from './connection.ts'

/** One piece of work, from its first request to its last answer; it throws if any answer is wrong. */
export type Unit = (connection: Connection, index: number) => Promise<void>

export type Measurement = {
  count: number
  seconds: number
  /** Milliseconds of each unit, in no order. */
  latencies: Float64Array
  bytes: { sent: number; received: number }
}

/** Runs a unit `count` times over `concurrency` connections, each of which has one unit under way. */
export async function load(port: number, concurrency: number, count: number, unit: Unit): Promise<Measurement> {
  const connections = Array.from({ length: Math.min(concurrency, count) }, () => new Connection(port))
  const latencies = new Float64Array(count)
  let next = 0

  async function work(connection: Connection): Promise<void> {
    for (let index = next++; index < count; index = next++) {
      const start = performance.now()
      await unit(connection, index)
      latencies[index] = performance.now() - start
    }
  }

  try {
    const start = performance.now()
    await Promise.all(connections.map(work))
    const seconds = (performance.now() - start) / 1000
    return { count, seconds, latencies, bytes: totalBytes(connections) }
  } finally {
    for (const connection of connections) connection.close()
  }
}

function totalBytes(connections: Connection[]): Measurement['bytes'] {
  const total = { sent: 0, received: 0 }
  for (const { bytes } of connections) {
    total.sent += bytes.sent
    total.received += bytes.received
  }
  return total
}
