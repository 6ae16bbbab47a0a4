import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  ask,
  eventsOf,
  freshDirectory,
  isAlive,
  jsonOf,
  openAgents,
  scriptedAgent,
  textOf,
} from './command-line-agents.ts'
import { eventually, runProgram } from './spawned-server.ts'

const SUCCEEDS = `await told(); begin(); text('Hello'); stop('end_turn'); say(RESULT)`
const NOTES_PID = `note('agent', String(process.pid));`
/** A child of the agent that heeds nothing, and holds its output open. */
const CHILD = (options = '') => `
  const life = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); require("fs").writeFileSync(process.argv[1], String(process.pid))'
  const child = spawn(process.execPath, ['-e', life, DIRECTORY + '/child'], { stdio: 'inherit', ${options} })
  while (!existsSync(DIRECTORY + '/child')) await sleep(10);`
const HEEDS_NOTHING = `process.on('SIGTERM', () => {}); process.on('SIGINT', () => {}); forever();`

type Agent = ReturnType<typeof scriptedAgent>
const noted = (agent: Agent, name: string) =>
  eventually(async () => (agent.notes().includes(name) && Number(agent.read(name).toString())) || undefined, 10_000)
const goneWithin = (ms: number, ...pids: number[]) =>
  eventually(async () => pids.every((pid) => !isAlive(pid)), ms).then(
    () => true,
    () => false,
  )
// biome-ignore lint/suspicious/noExplicitAny: whatever was thrown
const failureOf = (call: Promise<unknown>): Promise<any> =>
  call.then(
    () => expect.fail('it did not fail'),
    (error) => error,
  )

describe('what a program prints without succeeding', () => {
  const failures: [string, string, string][] = [
    ['nothing, and it ends well', 'await told()', 'protocol'],
    ['a beginning, and it ends well', `await told(); begin(); text('Hel')`, 'protocol'],
    [
      'words for people on stderr, and it ends badly',
      `console.error('error: unknown option'); process.exitCode = 1`,
      'protocol',
    ],
    ['no result, and a signal ends it', `await told(); begin(); process.kill(process.pid, 'SIGKILL')`, 'reset'],
    ['half of a result', `await told(); process.stdout.write(JSON.stringify(RESULT).slice(0, -9))`, 'protocol'],
    ['a result that is an error', `say({ ...RESULT, is_error: true, subtype: 'error_max_turns' })`, 'protocol'],
    ['a result that says nothing of errors', `const { is_error: _, ...rest } = RESULT; say(rest)`, 'protocol'],
    ['a result without having asked a model', `say({ ...RESULT, modelUsage: {} })`, 'protocol'],
    [
      'that its key is wrong',
      `say({ ...RESULT, is_error: true, api_error_status: 401, result: 'quoted secret' })`,
      'misconfigured',
    ],
    ['that its upstream is full', `say({ ...RESULT, is_error: true, api_error_status: 529 })`, 'overloaded'],
    ['that its upstream failed', `say({ ...RESULT, is_error: true, api_error_status: 500 })`, 'reset'],
    ['that its upstream did not understand', `say({ ...RESULT, is_error: true, api_error_status: 400 })`, 'protocol'],
    ['a line of 10 MB', `await told(); begin(); say('x'.repeat(10_000_000)); say(RESULT); forever()`, 'protocol'],
    [
      '100 MB of short lines',
      `await told(); for (let i = 0; i < 1000; i++) if (!say('x'.repeat(100_000))) await new Promise((r) => process.stdout.once('drain', r)); forever()`,
      'protocol',
    ],
    [
      'a message broken off and begun again',
      `await told(); begin(); text('Hel'); begin(); text('Hello'); stop('end_turn'); say(RESULT)`,
      'reset',
    ],
    [
      'its output closed, while it goes on',
      `await told(); (await import('node:fs')).closeSync(1); forever()`,
      'protocol',
    ],
  ]
  test.each(failures)('%s: a failure', async (_name, script, reason) => {
    const { backend, processes, running, logged } = await openAgents()
    const error = await failureOf(ask(backend('claude-cli', { command: scriptedAgent(script).file }), 'hi'))
    expect(error).toMatchObject({ name: 'BackendFailed', reason })
    expect(`${error.message} ${JSON.stringify(logged)}`).not.toContain('quoted secret')
    expect(logged).toMatchObject([
      { message: 'a command-line agent came to nothing', details: { backend: 'agents', requestId: 'req_test' } },
    ])
    await processes.close()
    expect(running()).toEqual([])
  })

  test('is logged where it is all that was said, without the key', async () => {
    const { backend, logged } = await openAgents()
    const script = `console.error('bad option, ' + process.env.ANTHROPIC_API_KEY); process.exitCode = 3`
    await failureOf(ask(backend('claude-cli', { command: scriptedAgent(script).file, apiKey: 'own-key' }), 'hi'))
    expect(logged[0]?.details).toMatchObject({ exit: 3, stderr: 'bad option, [redacted]\n' })

    const later = `begin(); console.error('what somebody asked'); process.exitCode = 3`
    await failureOf(ask(backend('claude-cli', { command: scriptedAgent(later).file }), 'hi'))
    expect(JSON.stringify(logged[1])).not.toContain('what somebody asked')
  })

  test('after the first piece ends the stream with an error, and no [DONE]', async () => {
    const { backend } = await openAgents()
    const agent = scriptedAgent(`await told(); begin(); text('Hel')`)
    const answer = await ask(backend('claude-cli', { command: agent.file }), 'hi', { stream: true })
    expect(answer.status).toBe(200)
    expect(await failureOf(textOf(answer))).toMatchObject({ name: 'BackendFailed', reason: 'protocol' })
  })

  test('before the first piece is thrown, so that the call can go elsewhere', async () => {
    const { backend } = await openAgents()
    const agent = scriptedAgent('await told(); begin()')
    const error = await failureOf(ask(backend('claude-cli', { command: agent.file }), 'hi', { stream: true }))
    expect(error).toMatchObject({ name: 'BackendFailed' })
  })

  test('among it may stand anything, as long as the result does', async () => {
    const { backend } = await openAgents()
    const noise = `say('Welcome!'); say('{"half":'); say('[1]'); say('null'); say(''); say('{"type":"result"'); process.stdout.write(Buffer.from([0xff, 0xfe, 10]));
      say({ type: 'stream_event' }); say({ type: 'stream_event', event: null }); say({ type: 'stream_event', event: { type: 'content_block_delta', delta: 7 } }); say({ type: 'constructor' });`
    const script = `${noise} await told(); begin(); ${noise} text('Hello'); stop('constructor'); process.stdout.write(JSON.stringify(RESULT))`
    const answer = await ask(backend('claude-cli', { command: scriptedAgent(script).file }), 'hi')
    expect((await jsonOf(answer)).choices[0]).toMatchObject({ message: { content: 'Hello' }, finish_reason: 'stop' })
  })

  test('in pieces of any size, characters stay whole', async () => {
    const { backend } = await openAgents()
    const script = `await told(); begin()
      const bytes = Buffer.from(JSON.stringify({ type: 'stream_event', event: { type: 'content_block_delta', delta: { type: 'text_delta', text: '🌍é' } } }) + '\\n')
      for (const byte of bytes) { process.stdout.write(Buffer.from([byte])); await new Promise(setImmediate) }
      stop('end_turn'); say(RESULT)`
    const answer = await ask(backend('claude-cli', { command: scriptedAgent(script).file }), 'hi')
    expect((await jsonOf(answer)).choices[0].message.content).toBe('🌍é')
  })

  test('a program that goes away, or was never one, is misconfigured', async () => {
    const { backend, processes, running } = await openAgents()
    const file = join(freshDirectory(), 'no-interpreter')
    writeFileSync(file, '#!/nowhere/node\n', { mode: 0o755 })
    expect(await failureOf(ask(backend('claude-cli', { command: file }), 'hi'))).toMatchObject({
      name: 'BackendFailed',
      reason: 'misconfigured',
    })
    await processes.close()
    expect(running()).toEqual([])
  })

  test('a prompt that is never read stops nothing', async () => {
    const { backend } = await openAgents()
    const agent = scriptedAgent(`process.stdin.destroy(); begin(); text('Hello'); stop('end_turn'); say(RESULT)`)
    const answer = await ask(backend('claude-cli', { command: agent.file }), 'x'.repeat(4_000_000))
    expect(answer.status).toBe(200)
  })
})

describe('patience', () => {
  const silences: [string, string, object][] = [
    ['until a model says anything', `say({ type: 'system', subtype: 'init' }); ${HEEDS_NOTHING}`, { firstByteMs: 500 }],
    ['between two lines', `begin(); ${HEEDS_NOTHING}`, { idleMs: 500 }],
    [
      'in all, whatever is printed',
      `begin(); process.on('SIGTERM', () => {}); setInterval(() => text('.'), 50)`,
      { totalMs: 700 },
    ],
  ]
  test.each(silences)('ends %s, and the agent with it', async (_name, script, timeouts) => {
    const { backend } = await openAgents()
    const agent = scriptedAgent(`${NOTES_PID} ${script}`)
    const error = await failureOf(ask(backend('claude-cli', { command: agent.file }), 'hi', { timeouts }))
    expect(error).toMatchObject({ name: 'BackendFailed', reason: 'timeout' })
    expect(await goneWithin(6000, await noted(agent, 'agent'))).toBe(true)
  })

  test('does not end because the caller is slow to read', async () => {
    const { backend } = await openAgents()
    const agent = backend('claude-cli', { command: scriptedAgent(SUCCEEDS).file })
    const answer = await ask(agent, 'hi', { stream: true, timeouts: { idleMs: 1000 } })
    await new Promise((resolve) => setTimeout(resolve, 1500))
    expect((await eventsOf(answer)).at(-1)).toBe('[DONE]')
  })

  test('a result is an answer at once, though the program hangs; it is ended soon after', async () => {
    const { backend } = await openAgents()
    const agent = scriptedAgent(`${NOTES_PID} ${HEEDS_NOTHING} ${CHILD()} ${SUCCEEDS}`)
    const began = performance.now()
    const answer = await ask(backend('claude-cli', { command: agent.file }), 'hi')
    expect((await jsonOf(answer)).choices[0].message.content).toBe('Hello')
    expect(performance.now() - began).toBeLessThan(2000)
    // Two seconds to go by itself, three to heed SIGTERM.
    expect(await goneWithin(6000, await noted(agent, 'agent'), await noted(agent, 'child'))).toBe(true)
  })
})

describe('nothing that an agent started outlives it', () => {
  test.each([
    ['a child in its group', CHILD()],
    ['a child that left its group', CHILD('detached: true')],
    ['a child that forgot where it comes from', CHILD('env: {}')],
  ])('when it ends well: %s', async (_name, child) => {
    const { backend, processes, running } = await openAgents()
    const agent = scriptedAgent(`${child} child.unref(); ${SUCCEEDS}; process.stdout.end(() => process.exit(0))`)
    await ask(backend('claude-cli', { command: agent.file }), 'hi')
    expect(await goneWithin(6000, await noted(agent, 'child'))).toBe(true)
    await processes.close()
    expect(running()).toEqual([])
  })

  test('when it ends without a result, and its child holds the output open', async () => {
    const { backend } = await openAgents()
    const agent = scriptedAgent(`${CHILD()} child.unref(); process.exit(0)`)
    const error = await failureOf(ask(backend('claude-cli', { command: agent.file }), 'hi'))
    expect(error).toMatchObject({ reason: 'protocol', message: 'The agent ended without a result (0)' })
    expect(await goneWithin(6000, await noted(agent, 'child'))).toBe(true)
  })

  test.each([true, false])('when the caller goes away (stream: %s)', async (stream) => {
    const { backend, logged } = await openAgents()
    const agent = scriptedAgent(`${NOTES_PID} ${CHILD()} ${stream ? `begin(); text('Hel');` : ''} ${HEEDS_NOTHING}`)
    const caller = new AbortController()
    const call = ask(backend('claude-cli', { command: agent.file }), 'hi', { stream, signal: caller.signal })
    const outcome = failureOf(stream ? call.then(textOf) : call)
    const pids = [await noted(agent, 'agent'), await noted(agent, 'child')]
    if (stream) await call
    caller.abort()
    expect(await outcome).toMatchObject({ name: 'AbortError' })
    expect(await goneWithin(6000, ...pids)).toBe(true)
    expect(logged).toEqual([])
  })

  test('when a stream is left unread', async () => {
    const { backend, logged } = await openAgents()
    const agent = scriptedAgent(`${NOTES_PID} begin(); text('Hel'); forever()`)
    const answer = await ask(backend('claude-cli', { command: agent.file }), 'hi', { stream: true })
    const pid = await noted(agent, 'agent')
    await answer.body?.cancel()
    expect(await goneWithin(1000, pid)).toBe(true)
    expect(logged).toEqual([])
  })

  test('when the server drains: what runs ends, and nothing begins', async () => {
    const { backend, drain, running } = await openAgents()
    const agent = scriptedAgent(`${NOTES_PID} ${CHILD()} ${HEEDS_NOTHING}`)
    const cli = backend('claude-cli', { command: agent.file, processes: 1 })
    const calls = [failureOf(ask(cli, 'hi')), failureOf(ask(cli, 'who waits'))]
    const pids = [await noted(agent, 'agent'), await noted(agent, 'child')]
    drain()
    expect(await Promise.all(calls)).toMatchObject([{ name: 'BackendFailed' }, { reason: 'overloaded' }])
    expect(await failureOf(ask(cli, 'later'))).toMatchObject({ reason: 'overloaded' })
    expect(await goneWithin(6000, ...pids)).toBe(true)
    await eventually(async () => running().length === 0, 2000)
  })
})

describe('a server in a process of its own', () => {
  /** Starts one agent, and does not wait for it. */
  const serverScript = (directory: string, file: string, then: string) => `
    import { openPrograms } from ${JSON.stringify(join(import.meta.dirname, '../src/processes/programs.ts'))}
    import { createCliBackend } from ${JSON.stringify(join(import.meta.dirname, '../src/models/cli/cli-backend.ts'))}
    import { createRandom } from ${JSON.stringify(join(import.meta.dirname, '../src/crypto/random.ts'))}
    const draining = new AbortController(), random = createRandom(), log = { warn() {} }
    const processes = await openPrograms({ directory: ${JSON.stringify(directory)}, environment: process.env, draining: draining.signal, random, log })
    const deps = { processes, random, now: () => 0, log }
    const config = { id: 'a', command: ${JSON.stringify(file)}, models: ['m'], apiKey: 'k' }
    createCliBackend('claude-cli', config, deps).call({ operation: 'chat', body: { model: 'm', messages: [{ role: 'user', content: 'hi' }] },
      stream: false, requestId: 'r', signal: new AbortController().signal, timeouts: { connectMs: 1e5, firstByteMs: 1e5, idleMs: 1e5, totalMs: 1e5 } }).catch(() => {})
    ${then}`
  const PATH = process.env.PATH ?? ''

  test('that ends takes its agents with it', async () => {
    const agent = scriptedAgent(`${NOTES_PID} ${CHILD()} ${HEEDS_NOTHING}`)
    const then = `process.once('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000)`
    const server = runProgram(
      { script: serverScript(freshDirectory(), agent.file, then) },
      { PATH, TMPDIR: freshDirectory() },
    )
    const pids = [await noted(agent, 'agent'), await noted(agent, 'child')]
    server.signal('SIGTERM')
    await server.exited
    expect(await goneWithin(1000, ...pids)).toBe(true)
  })

  test('that drains ends those who heed nothing within six seconds', async () => {
    const agent = scriptedAgent(`${NOTES_PID} ${CHILD('detached: true')} ${HEEDS_NOTHING}`)
    const then = `process.once('SIGTERM', () => { draining.abort(); processes.close() })`
    const server = runProgram({ script: serverScript(freshDirectory(), agent.file, then) }, { PATH })
    const pids = [await noted(agent, 'agent'), await noted(agent, 'child')]
    server.signal('SIGTERM')
    expect(await goneWithin(6000, ...pids)).toBe(true)
    expect(await server.exited).toEqual({ code: 0, signal: null })
  })

  test('that is killed leaves agents, which the next one ends', async () => {
    const directory = freshDirectory()
    const agent = scriptedAgent(
      `${NOTES_PID} note('home', process.env.HOME); ${CHILD('detached: true')} ${HEEDS_NOTHING}`,
    )
    const server = runProgram({ script: serverScript(directory, agent.file, '') }, { PATH })
    const pids = [await noted(agent, 'agent'), await noted(agent, 'child')]
    server.signal('SIGKILL')
    await server.exited
    expect(pids.map(isAlive)).toEqual([true, true])

    const { logged, running } = await openAgents(process.env, directory)
    expect(await goneWithin(1000, ...pids)).toBe(true)
    expect(existsSync(agent.read('home').toString())).toBe(false)
    expect(running()).toEqual([])
    expect(logged).toMatchObject([{ details: { left: 1 } }])
  })

  test('that lives keeps its agents when another one starts beside it', async () => {
    const directory = freshDirectory()
    const agent = scriptedAgent(`${NOTES_PID} forever()`)
    const server = runProgram({ script: serverScript(directory, agent.file, '') }, { PATH, TMPDIR: freshDirectory() })
    const pid = await noted(agent, 'agent')
    const { running } = await openAgents(process.env, directory)
    expect([isAlive(pid), running()]).toEqual([true, [`${pid}.json`]])
    server.signal('SIGKILL')
    process.kill(pid, 'SIGKILL')
  })

  test('a process that got the number of an agent that is gone is left alone', async () => {
    const directory = freshDirectory()
    mkdirSync(join(directory, 'precious'))
    const bystander = runProgram({ script: 'setInterval(() => {}, 1000)' })
    const note = { pid: bystander.pid, mark: 'no-such-mark', started: '1', directory: join(directory, 'precious') }
    writeFileSync(
      join(directory, `${bystander.pid}.json`),
      JSON.stringify({ ...note, owner: { pid: 1, started: '1' } }),
    )
    writeFileSync(join(directory, '77.json'), 'not JSON')
    const { running } = await openAgents(process.env, directory)
    expect([isAlive(bystander.pid), running()]).toEqual([true, ['precious']])
    bystander.signal('SIGKILL')
  })
})

describe('places', () => {
  /** Counts how many run at once, by files that they make and remove. */
  const COUNTS = `
    const { readdirSync, rmSync } = await import('node:fs')
    note('run-' + process.pid, ''); mark('seen', readdirSync(DIRECTORY).filter((name) => name.startsWith('run-')).length + '\\n')
    await told(); await sleep(50); rmSync(DIRECTORY + '/run-' + process.pid); begin(); text('Hello'); stop('end_turn'); say(RESULT)`

  test('of fifty callers at four places, four run at a time, and all are answered', async () => {
    const { backend, processes, running } = await openAgents()
    const agent = scriptedAgent(COUNTS)
    const cli = backend('claude-cli', { command: agent.file, processes: 4, waiting: 46 })
    // Made anew, as when an operator saves it: the places are the provider's.
    const again = backend('claude-cli', { command: agent.file, processes: 4, waiting: 46 })
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => ask(i % 2 ? cli : again, 'hi')))
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200))
    const seen = agent.read('seen').toString().trim().split('\n').map(Number)
    expect([seen.length, Math.max(...seen) <= 4, Math.max(...seen) > 1]).toEqual([50, true, true])
    await processes.close()
    expect(running()).toEqual([])
  })

  test('a full queue says so at once; who leaves it makes room; who waits too long is told', async () => {
    const { backend } = await openAgents()
    const agent = scriptedAgent(`${NOTES_PID} forever()`)
    const cli = backend('claude-cli', { command: agent.file, processes: 1, waiting: 1 })
    const first = new AbortController()
    const waiting = new AbortController()
    const calls = [
      failureOf(ask(cli, '1', { signal: first.signal })),
      failureOf(ask(cli, '2', { signal: waiting.signal })),
    ]
    const pid = await noted(agent, 'agent')
    expect(await failureOf(ask(cli, '3'))).toMatchObject({ name: 'BackendFailed', reason: 'overloaded' })

    waiting.abort()
    expect(await calls[1]).toMatchObject({ name: 'AbortError' })
    const slow = await failureOf(ask(cli, '4', { timeouts: { firstByteMs: 300 } }))
    expect(slow).toMatchObject({ name: 'BackendFailed', reason: 'overloaded' })

    first.abort()
    await calls[0]
    expect(await goneWithin(6000, pid)).toBe(true)
    const last = ask(cli, '5', { timeouts: { firstByteMs: 3000 } })
    expect(await failureOf(last)).toMatchObject({ reason: 'timeout' })
  })
})
