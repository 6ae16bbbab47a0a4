import type { Side } from './side.ts'

/** Whatever `run` puts among the started is stopped at the end; when it fails, they say what they know of it first. */
export async function whileRunning<T>(run: (started: Side[]) => Promise<T>): Promise<T> {
  const started: Side[] = []
  try {
    return await run(started)
  } catch (error) {
    for (const { name, server } of started) if (server.output()) console.error(`${name} said:\n${server.output()}`)
    throw error
  } finally {
    for (const { server } of started) await server.stop()
  }
}
