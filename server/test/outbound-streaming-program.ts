/**
 * Sends and fetches so many bytes through the way out, and prints by how much the memory in use grew meanwhile. Needs
 * `--expose-gc`: what is garbage, and when it is collected, is not what is asked.
 */
import { createOutbound } from '../src/http/outbound.ts'

const [url = '', size = '0'] = process.argv.slice(2)
const outbound = createOutbound({ allow: ['127.0.0.1'] })
const chunk = new Uint8Array(65_536)

await (await outbound.stream(`${url}/warm-up`, { method: 'POST', body: 'x' })).body?.cancel()
const before = inUse()
let highest = before
let pieces = 0

let sent = 0
const body = new ReadableStream<Uint8Array>({
  pull(controller) {
    if (sent >= Number(size)) return controller.close()
    sent += chunk.length
    controller.enqueue(chunk.slice())
    measure()
  },
})
const response = await outbound.stream(url, { method: 'POST', body })
let returned = 0
for await (const piece of response.body ?? []) {
  returned += piece.length
  measure()
}
const received = Number(response.headers.get('x-received'))
process.stdout.write(JSON.stringify({ sent, received, returned, grownBy: highest - before }))

function measure(): void {
  if (pieces++ % 100 === 0) highest = Math.max(highest, inUse())
}

function inUse(): number {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
