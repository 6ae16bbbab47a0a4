import { load } from './load.ts'
import { expectStatus, member, postForm } from './request.ts'
import { freePort, startProcess } from './server-process.ts'
import { median } from './statistics.ts'

const REQUESTS = 30_000

export type Ceiling = { perSecond: number; ownCpuMs: number }

/** How much load the generator can make: with a server that does nothing, and of its own CPU. */
export async function measureCeiling(concurrency: number): Promise<Ceiling> {
  const port = await freePort()
  const entry = new URL('./canned-server.ts', import.meta.url)
  const server = await startProcess(port, { entry, env: { PORT: String(port) }, readyPath: '/' })
  try {
    const rounds: Ceiling[] = []
    for (let round = 0; round < 3; round++) rounds.push(await measure(port, concurrency))
    return { perSecond: median(rounds.map((r) => r.perSecond)), ownCpuMs: median(rounds.map((r) => r.ownCpuMs)) }
  } finally {
    await server.stop()
  }
}

async function measure(port: number, concurrency: number): Promise<Ceiling> {
  const request = postForm('/token', 'grant_type=client_credentials')
  const before = process.cpuUsage()
  const { seconds } = await load(port, concurrency, REQUESTS, async (connection) => {
    const reply = await connection.send(request)
    expectStatus(reply, 200)
    member(reply, 'access_token')
  })
  const { user, system } = process.cpuUsage(before)
  return { perSecond: REQUESTS / seconds, ownCpuMs: (user + system) / 1000 / REQUESTS }
}
