import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, onTestFinished } from 'vitest'
import { createRandom } from '../src/crypto/random.ts'
import type { Backend, BackendAnswer, BackendCall } from '../src/models/backend.ts'
import { type CliBackendConfig, type CliKind, createCliBackend } from '../src/models/cli/cli-backend.ts'
import { openPrograms } from '../src/processes/programs.ts'

const ROOT = mkdtempSync(join(tmpdir(), 'auth-agent-test-agents-'))
let made = 0

afterAll(() => rmSync(ROOT, { recursive: true, force: true }))

/** A directory of its own for whoever asks. */
export function freshDirectory(): string {
  const directory = join(ROOT, `${++made}`)
  mkdirSync(directory)
  return directory
}

/** What a scripted agent can use: `say` a line, `told` to have read the prompt, `note` to leave something for the test. */
const PRELUDE = `
import { appendFileSync, existsSync, writeFileSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
const say = (value) => process.stdout.write((typeof value === 'string' ? value : JSON.stringify(value)) + '\\n')
const told = async () => { const all = []; for await (const piece of process.stdin) all.push(piece); return Buffer.concat(all) }
const note = (name, value) => writeFileSync(DIRECTORY + '/' + name, value)
const mark = (name, value) => appendFileSync(DIRECTORY + '/' + name, value)
const RESULT = { type: 'result', subtype: 'success', is_error: false, num_turns: 1, result: 'Hello', stop_reason: 'end_turn',
  total_cost_usd: 0.0125, usage: { input_tokens: 0, output_tokens: 0 },
  modelUsage: { m: { inputTokens: 12, outputTokens: 9, cacheReadInputTokens: 4, cacheCreationInputTokens: 3, costUSD: 0.0125 } } }
const event = (event) => say({ type: 'stream_event', event, parent_tool_use_id: null })
const begin = () => event({ type: 'message_start', message: { usage: { input_tokens: 12, output_tokens: 1, cache_read_input_tokens: 4, cache_creation_input_tokens: 3 } } })
const text = (text) => event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })
const stop = (stop_reason) => { event({ type: 'message_delta', delta: { stop_reason }, usage: { output_tokens: 9 } }); event({ type: 'message_stop' }) }
const forever = () => setInterval(() => {}, 1000)
`

export interface ScriptedAgent {
  file: string
  /** What it has left, by name. */
  notes(): string[]
  read(name: string): Buffer
}

/** A program that does what a test says, in the place of a command-line agent. */
export function scriptedAgent(script: string): ScriptedAgent {
  const directory = freshDirectory()
  const file = join(directory, 'agent.mjs')
  writeFileSync(file, `#!${process.execPath}\nconst DIRECTORY = ${JSON.stringify(directory)}\n${PRELUDE}\n${script}\n`)
  chmodSync(file, 0o755)
  return {
    file,
    notes: () => readdirSync(directory).filter((name) => name !== 'agent.mjs'),
    read: (name) => readFileSync(join(directory, name)),
  }
}

export interface Logged {
  message: string
  details: Record<string, unknown>
}

/** The agents of one server, and backends that use them. */
export async function openAgents(environment: NodeJS.ProcessEnv = process.env, directory = freshDirectory()) {
  const draining = new AbortController()
  const logged: Logged[] = []
  const log = { warn: (details: object, message: string) => void logged.push({ message, details: { ...details } }) }
  const random = createRandom()
  const processes = await openPrograms({ directory, environment, draining: draining.signal, random, log })
  onTestFinished(processes.close)
  return {
    processes,
    logged,
    /** Notes of processes that run. */
    running: () => readdirSync(directory),
    drain: () => draining.abort(),
    backend: (kind: CliKind, config: Partial<CliBackendConfig> = {}): Backend =>
      createCliBackend(
        kind,
        { id: 'agents', models: ['sonnet'], apiKey: 'sk-ant-agents-own-key', ...config },
        { processes, random, now: () => 1_700_000_000_000, log },
      ),
  }
}

const TIMEOUTS = { connectMs: 5000, firstByteMs: 20_000, idleMs: 20_000, totalMs: 25_000 }

export interface Ask extends Partial<Omit<BackendCall, 'body' | 'timeouts'>> {
  body?: Record<string, unknown>
  timeouts?: Partial<BackendCall['timeouts']>
}

/** One call, as the orchestrator makes it. */
export function ask(backend: Backend, prompt: string, { body, timeouts, ...rest }: Ask = {}): Promise<BackendAnswer> {
  return backend.call({
    operation: 'chat',
    body: { model: 'sonnet', messages: [{ role: 'user', content: prompt }], ...body },
    stream: false,
    headers: {},
    requestId: 'req_test',
    signal: new AbortController().signal,
    timeouts: { ...TIMEOUTS, ...timeouts },
    ...rest,
  })
}

// biome-ignore lint/suspicious/noExplicitAny: JSON as a client sees it
export const jsonOf = async (answer: BackendAnswer): Promise<any> => new Response(answer.body).json()

export const textOf = (answer: BackendAnswer): Promise<string> => new Response(answer.body).text()

/** The data of all events of a stream, read to its end. */
// biome-ignore lint/suspicious/noExplicitAny: JSON as a client sees it
export async function eventsOf(answer: BackendAnswer): Promise<any[]> {
  const text = await textOf(answer)
  const events = text.split('\n\n').filter(Boolean)
  return events.map((event) => (event === 'data: [DONE]' ? '[DONE]' : JSON.parse(event.replace(/^data: /, ''))))
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // A zombie is gone, but for its number.
    return process.platform !== 'linux' || !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
