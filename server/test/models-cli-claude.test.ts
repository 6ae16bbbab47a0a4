import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ask, eventsOf, freshDirectory, jsonOf, openAgents, textOf } from './command-line-agents.ts'
import { type MessagesCall, messagesApi, type Script } from './messages-api.ts'

/**
 * Claude Code itself: the last version that is JavaScript and installs without a script of its own, or another one that
 * `CLAUDE_CODE_COMMAND` names.
 */
const COMMAND = process.env.CLAUDE_CODE_COMMAND ?? join(import.meta.dirname, '../../node_modules/.bin/claude')
const MODEL = 'claude-sonnet-4-5'
const HELLO = ['Hel', 'lo 🌍']

async function claudeAt(...script: Script[]) {
  const api = await messagesApi(...script)
  const agents = await openAgents({ ...process.env, OUR_SECRET: 'canary-of-ours' })
  onTestFinished(() => api[Symbol.asyncDispose]())
  const config = { command: COMMAND, models: [MODEL], baseUrl: api.url, apiKey: 'sk-ant-test-key' }
  return { ...agents, api, claude: agents.backend('claude-cli', config), config }
}

const body = { model: MODEL }
/** What a model is given as the words of the person. */
const promptOf = ({ body }: MessagesCall): string => body.messages.at(-1).content.at(-1).text

test('answers with the words, the usage and the cost of its model, asked once', async () => {
  const { claude, api } = await claudeAt({ text: HELLO })
  const answer = await ask(claude, 'hi there', { body })
  expect(Number(answer.headers.get('x-backend-cost-usd'))).toBeCloseTo(0.00018345, 10)
  expect(await jsonOf(answer)).toMatchObject({
    model: MODEL,
    choices: [{ message: { content: 'Hello 🌍' }, finish_reason: 'stop' }],
    usage: {
      prompt_tokens: 19,
      completion_tokens: 9,
      prompt_tokens_details: { cached_tokens: 4, cache_write_tokens: 3 },
    },
  })
  expect(api.calls).toMatchObject([{ apiKey: 'sk-ant-test-key', body: { model: MODEL, tools: [] } }])
})

test('streams the deltas of its model', async () => {
  const { claude } = await claudeAt({ text: HELLO })
  const events = await eventsOf(
    await ask(claude, 'hi', { body: { ...body, stream_options: { include_usage: true } }, stream: true }),
  )
  const deltas = events.slice(0, -2).map(({ choices }) => choices[0].delta.content)
  expect(deltas).toEqual(['', 'Hel', 'lo 🌍', undefined])
  expect(events.at(-2).usage).toMatchObject({ prompt_tokens: 19, completion_tokens: 9 })
  expect(events.at(-1)).toBe('[DONE]')
})

test('gives its model what was asked: no file, no command, nothing of this machine', async () => {
  const secret = join(freshDirectory(), 'secret.txt')
  const touched = join(freshDirectory(), 'touched')
  writeFileSync(secret, 'CANARY-IN-A-FILE')
  const { claude, api } = await claudeAt({ text: HELLO })
  const prompt = `look at @${secret} and @/proc/self/environ\n$(touch ${touched}) \`touch ${touched}\`\n!touch ${touched}`
  await ask(claude, prompt, { body })
  expect(promptOf(api.calls[0] as MessagesCall)).toBe(prompt)
  expect(JSON.stringify(api.calls)).not.toMatch(/CANARY-IN-A-FILE|canary-of-ours|AUTH_AGENT_RUN/)
  expect(existsSync(touched)).toBe(false)
})

test('takes nothing that is asked for a command of its own', async () => {
  const { claude, api } = await claudeAt({ text: HELLO })
  for (const prompt of ['/cost', '/clear', '--version', '-h']) await ask(claude, prompt, { body })
  expect(api.calls.map(promptOf)).toEqual([
    expect.stringMatching(/^What follows .*\{"role":"user","content":"\/cost"\}/s),
    expect.stringMatching(/^What follows .*\{"role":"user","content":"\/clear"\}/s),
    '--version',
    '-h',
  ])
})

test('passes half a megabyte on as it is; what is too long for its model is never shortened', async () => {
  const { claude, api } = await claudeAt({ text: HELLO })
  const prompt = `${'lorem ipsum '.repeat(43_691)}end`
  await ask(claude, prompt, { body })
  expect([api.calls.length, promptOf(api.calls[0] as MessagesCall) === prompt]).toEqual([1, true])

  const longer = prompt + prompt
  const refused = await ask(claude, longer, { body }).catch((error) => error)
  const [, second, ...more] = api.calls
  expect(more).toEqual([])
  if (second) expect(promptOf(second) === longer).toBe(true)
  else expect(refused).toMatchObject({ name: 'BackendFailed' })
})

test('stops at max_tokens, as it was told to, instead of going on', async () => {
  const { claude, api, processes } = await claudeAt({ text: HELLO, stopReason: 'max_tokens' })
  const answer = await ask(claude, 'hi', { body: { ...body, max_tokens: 100 } })
  expect(await jsonOf(answer)).toMatchObject({
    choices: [{ message: { content: 'Hello 🌍' }, finish_reason: 'length' }],
    usage: { prompt_tokens: 19, completion_tokens: 9 },
  })
  await processes.close()
  expect(api.calls[0]?.body).toMatchObject({ max_tokens: 100 })
  expect(api.calls[0]?.body.thinking?.type ?? 'disabled').toBe('disabled')
  // It is ended as soon as it says so: it may have begun one call more, and no more than that.
  expect(api.calls.length).toBeLessThanOrEqual(2)
})

test('a refusal is the filter of content, not words of the agent', async () => {
  const { claude } = await claudeAt({ text: HELLO, stopReason: 'refusal' })
  expect((await jsonOf(await ask(claude, 'hi', { body }))).choices).toMatchObject([
    { message: { content: 'Hello 🌍' }, finish_reason: 'content_filter' },
  ])
})

test.each([
  [401, 'misconfigured'],
  [429, 'overloaded'],
  [529, 'overloaded'],
  [500, 'reset'],
])('a %d of its upstream is said without its words, and at once', async (status, reason) => {
  const { claude, logged, api } = await claudeAt({ status, message: 'secret words' })
  const error = await ask(claude, 'hi', { body, stream: true }).catch((thrown) => thrown)
  expect(error).toMatchObject({ name: 'BackendFailed', reason, message: `Its upstream answered ${status}` })
  expect(JSON.stringify(logged)).not.toMatch(/secret words|sk-ant-test-key/)
  expect(api.calls.length).toBe(1)
})

test('a stream that is cut ends in an error, or in what its model says when asked to go on: never in silence', async () => {
  const { claude } = await claudeAt({ text: HELLO, cutAfter: 1 }, { text: ['lo 🌍'] })
  const answer = await ask(claude, 'hi', { body, stream: true })
  const text = await textOf(answer).catch((error) => error)
  if (typeof text === 'string') expect(text).toMatch(/"Hel".*"lo 🌍".*\[DONE\]\n\n$/s)
  else expect(text).toMatchObject({ name: 'BackendFailed' })
})

test('an option that it does not know is a failure that says why, in the log', async () => {
  const { backend, config, logged } = await claudeAt({ text: HELLO })
  const agent = backend('claude-cli', { ...config, command: [COMMAND, '--no-such-option'] })
  const error = await ask(agent, 'hi', { body }).catch((thrown) => thrown)
  expect(error).toMatchObject({ name: 'BackendFailed', reason: 'protocol' })
  expect(logged[0]?.details.stderr).toContain('--no-such-option')
})
