import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const READY_WITHIN_MS = 20_000
const STOP_WITHIN_MS = 10_000
/** Linux reports CPU in ticks of 10 ms to every program, whatever the kernel's own clock. */
const TICKS_PER_SECOND = 100

export type ServerProcess = {
  port: number
  /** CPU milliseconds since its start, all threads; undefined where the system does not tell. */
  cpuMs: () => number | undefined
  /** The end of what it wrote to its log. */
  output: () => string
  stop: () => Promise<void>
}

export type StartOptions = {
  entry: URL
  nodeOptions?: string[]
  args?: string[]
  env: Record<string, string>
  readyPath: string
}

/** Both sides get what `npm run serve` gives ours: room for the young generation under load. */
const NODE_OPTIONS = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=64']

export async function startProcess(port: number, options: StartOptions): Promise<ServerProcess> {
  const entry = fileURLToPath(options.entry)
  const child = spawn(
    process.execPath,
    [...NODE_OPTIONS, ...(options.nodeOptions ?? []), entry, ...(options.args ?? [])],
    {
      env: { PATH: process.env.PATH, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  process.once('exit', () => child.kill())
  const output = keepTail(child)
  const stop = () => stopProcess(child)
  try {
    await ready(child, port, options.readyPath)
  } catch (cause) {
    await stop()
    throw new Error(`${entry} did not become ready. It said:\n${output()}`, { cause })
  }
  return { port, cpuMs: () => cpuMs(child.pid), output, stop }
}

/** A program of the bench itself, on a port that it is told. */
export async function startProgram(entry: URL): Promise<ServerProcess> {
  const port = await freePort()
  return startProcess(port, { entry, env: { PORT: String(port) }, readyPath: '/' })
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('No port')
  return address.port
}

async function ready(child: ChildProcess, port: number, path: string): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`It ended with status ${child.exitCode}`)
    const answer = await fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer?.status === 200) return
    await sleep(50)
  }
  throw new Error(`No 200 from ${path} within ${READY_WITHIN_MS} ms`)
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  const kill = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS)
  await once(child, 'exit')
  clearTimeout(kill)
}

function keepTail(child: ChildProcess): () => string {
  let tail = ''
  const keep = (chunk: Buffer) => {
    tail = (tail + chunk.toString()).slice(-4000)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  return () => tail
}

function cpuMs(pid: number | undefined): number | undefined {
  if (process.platform !== 'linux' || pid === undefined) return undefined
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  // The name, in parentheses, may hold spaces; utime and stime are the 12th and 13th fields after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND
}
