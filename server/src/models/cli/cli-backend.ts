import type { Random } from '../../crypto/random.ts'
import { ApiError } from '../../http/errors.ts'
import type { Programs } from '../../processes/programs.ts'
import type { Backend, BackendAnswer } from '../backend.ts'
import type { Agent, AgentSetting } from './agent.ts'
import { runAgent, type Spoken } from './agent-run.ts'
import { type ChatHead, chatChunks, chatCompletion } from './chat-answer.ts'
import { claude } from './claude.ts'
import { resolveCommand } from './command.ts'
import { droid } from './droid.ts'
import { readQuestion } from './question.ts'

export type CliKind = 'claude-cli' | 'ccrouter' | 'droid'

const AGENTS: Record<CliKind, Agent> = { 'claude-cli': claude, ccrouter: claude, droid }
const COMMANDS: Record<CliKind, string> = { 'claude-cli': 'claude', ccrouter: 'claude', droid: 'droid' }

/** Where CCRouter's gateway listens unless it is told otherwise. */
const CCROUTER_URL = 'http://127.0.0.1:3456'

export interface CliBackendConfig extends AgentSetting {
  /** The provider's: backends of the same id share their places. */
  id: string
  /** A path, a name, or one of them and arguments. */
  command?: string | readonly string[]
  /** The upstream names that may be asked for: nothing else becomes an argument. */
  models: readonly string[]
  /** How many may run at a time, and how many callers may wait. */
  processes?: number
  waiting?: number
}

export interface CliBackendDeps {
  processes: Programs
  random: Random
  now: () => number
  log: { warn(details: object, message: string): void }
}

/** A process of Claude Code takes 200 MB, one of Droid 400. */
const PROCESSES = 4
const WAITING = 100

/** A command-line agent that answers chat calls. Throws `ApiError` when it could never run as it is configured. */
export function createCliBackend(kind: CliKind, config: CliBackendConfig, deps: CliBackendDeps): Backend {
  const agent = AGENTS[kind]
  const setting = checkedSetting(kind, config)
  const command = resolveCommand(config.command ?? COMMANDS[kind], deps.processes.path)
  const limits = { processes: config.processes ?? PROCESSES, waiting: config.waiting ?? WAITING }

  return {
    dialect: 'openai',
    operations: ['chat'],
    async call({ operation, body, stream, requestId, signal, timeouts }): Promise<BackendAnswer> {
      if (operation !== 'chat') throw new ApiError('invalid_request', 'This model answers chat completions alone')
      const model = knownModel(config.models, body.model)
      const question = readQuestion(body)
      const head = newHead(deps, model)

      const left = new AbortController()
      const spoken = runAgent(deps.processes, {
        agent,
        start: {
          purpose: config.id,
          limits,
          file: command.file,
          args: [...command.args, ...agent.args(setting, model)],
          env: agent.env(setting, question),
          stdin: question.prompt,
        },
        signal: AbortSignal.any([signal, left.signal]),
        timeouts,
        complain({ stderr, ...details }) {
          const said = stderr && { stderr: withoutKey(stderr, config.apiKey) }
          deps.log.warn({ ...details, ...said, backend: config.id, requestId }, 'a command-line agent came to nothing')
        },
      })

      if (!stream) return chatCompletion(head, spoken)
      const begun = await afterFirst(spoken)
      return eventStream(chatChunks(head, begun, question.includeUsage), () => {
        left.abort()
        return spoken.return()
      })
    },
  }
}

function checkedSetting(kind: CliKind, config: CliBackendConfig): AgentSetting {
  if (kind === 'claude-cli' && !config.apiKey)
    throw new ApiError('validation_failed', 'Claude Code cannot be used so', { fields: { api_key: 'It needs a key' } })
  return { ...config, ...(kind === 'ccrouter' && { baseUrl: config.baseUrl ?? CCROUTER_URL }) }
}

/** A name goes into an argument: only what the operator wrote does. */
function knownModel(models: readonly string[], asked: unknown): string {
  const model = models.find((name) => name === asked)
  // A value that looks like an option would be taken for one.
  if (model === undefined || model.startsWith('-')) throw new ApiError('model_not_found', 'There is no such model here')
  return model
}

const newHead = ({ random, now }: CliBackendDeps, model: string): ChatHead => ({
  id: `chatcmpl-${random(12).toString('hex')}`,
  created: Math.floor(now() / 1000),
  model,
})

/** Throws what comes before the first event: until then a call can be sent elsewhere. */
async function afterFirst(spoken: AsyncGenerator<Spoken, void>): Promise<AsyncIterable<Spoken>> {
  const first = await spoken.next()
  return (async function* () {
    if (first.done) return
    yield first.value
    yield* spoken
  })()
}

function eventStream(events: AsyncGenerator<string, void>, leave: () => Promise<unknown>): BackendAnswer {
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await events.next()
      if (done) controller.close()
      else controller.enqueue(encoder.encode(value))
    },
    async cancel() {
      await leave()
    },
  })
  return { status: 200, headers: new Headers({ 'content-type': 'text/event-stream; charset=utf-8' }), body }
}

const withoutKey = (text: string, key: string | undefined) => (key ? text.replaceAll(key, '[redacted]') : text)
