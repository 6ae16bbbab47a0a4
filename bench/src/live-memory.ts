import { setTimeout as sleep } from 'node:timers/promises'

/** What a process holds once garbage has been collected. Bytes. */
export interface LiveMemory {
  rss: number
  heapUsed: number
  external: number
}

const WITHIN_MS = 10_000

/** Asks a process that was started with `--inspect=<port>`. The server waits meanwhile: some tenths of a second. */
export async function liveMemory(port: number): Promise<LiveMemory> {
  const [target] = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as { webSocketDebuggerUrl: string }[]
  if (!target) throw new Error('Nothing to inspect')
  const socket = new WebSocket(target.webSocketDebuggerUrl)
  try {
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve, { once: true })
      socket.addEventListener('error', reject, { once: true })
    })
    // Twice: what is finalized with the first is freed with the second.
    for (let time = 0; time < 2; time++) await ask(socket, 'HeapProfiler.collectGarbage')
    const expression = 'process.memoryUsage()'
    const { result } = await ask(socket, 'Runtime.evaluate', { expression, returnByValue: true })
    return result.value
  } finally {
    socket.close()
  }
}

let ids = 0

// biome-ignore lint/suspicious/noExplicitAny: answers have the shape that the protocol gives them.
async function ask(socket: WebSocket, method: string, params: object = {}): Promise<any> {
  const id = ++ids
  const answered = new Promise((resolve) => {
    socket.addEventListener('message', function hear({ data }) {
      const message = JSON.parse(String(data))
      if (message.id !== id) return
      socket.removeEventListener('message', hear)
      resolve(message.result)
    })
  })
  socket.send(JSON.stringify({ id, method, params }))
  return Promise.race([
    answered,
    sleep(WITHIN_MS, undefined, { ref: false }).then(() => {
      throw new Error(`${method} was not answered`)
    }),
  ])
}
