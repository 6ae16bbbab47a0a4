import { Connection } from '../connection.ts'
import { expectStatus } from '../request.ts'
import { median, quantile } from '../statistics.ts'
import { type ChatSide, chatRequest } from './chat-completion.ts'

const ROUNDS = 8
const WARM_UP = 20
const STREAMS = 50

export type FirstByte = { label: string; medianMs: number; p95Ms: number }

/** From the request to the first byte of a stream's body, one at a time, in rounds of each side in turn. */
export async function firstByte(sides: readonly ChatSide[]): Promise<FirstByte[]> {
  const running = sides.map((side) => ({
    label: side.label,
    connection: new Connection(side.side.server.port),
    request: chatRequest(side, true),
    times: [] as number[],
  }))
  try {
    for (let round = 0; round < ROUNDS; round++)
      for (const { connection, request, times } of running)
        for (let index = 0; index < WARM_UP + STREAMS; index++) {
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
