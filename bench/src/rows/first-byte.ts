import { Connection } from '../connection.ts'
import { expectStatus } from '../request.ts'
import { median, quantile } from '../statistics.ts'
import { type ChatSide, chatRequest } from './chat-completion.ts'

const WARM_UP = 100
const STREAMS = 400

export type FirstByte = { label: string; medianMs: number; p95Ms: number }

/** From the request to the first byte of a stream's body, one at a time and each side in turn. */
export async function firstByte(sides: readonly ChatSide[]): Promise<FirstByte[]> {
  const running = sides.map((side) => ({
    label: side.label,
    connection: new Connection(side.side.server.port),
    request: chatRequest(side, true),
    times: [] as number[],
  }))
  try {
    for (let index = 0; index < WARM_UP + STREAMS; index++)
      for (const { connection, request, times } of running) {
        const ms = await measure(connection, request)
        if (index >= WARM_UP) times.push(ms)
      }
  } finally {
    for (const { connection } of running) connection.close()
  }
  return running.map(({ label, times }) => ({ label, medianMs: median(times), p95Ms: quantile(times, 0.95) }))
}

async function measure(connection: Connection, request: Buffer): Promise<number> {
  const start = performance.now()
  let ms = Number.NaN
  const reply = await connection.send(request, () => {
    ms = performance.now() - start
  })
  expectStatus(reply, 200)
  return ms
}
