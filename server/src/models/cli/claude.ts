import { BackendFailed, type BackendFailure } from '../backend.ts'
import {
  type Agent,
  type AgentEvent,
  type AgentUsage,
  addUsage,
  countOf,
  type FinishReason,
  type Line,
  NO_USAGE,
  objectOf,
  readUsage,
  textOf,
} from './agent.ts'

/** Thinking takes 1024 tokens at least, and an answer needs some too: a call with fewer is made without. */
const MIN_TOKENS_TO_THINK = 2048

/** Claude Code in print mode, as a model without tools. `ccrouter` is the same, pointed at CCRouter's gateway. */
export const claude: Agent = {
  args: (_setting, model) => [
    '-p',
    ...['--output-format', 'stream-json', '--verbose', '--include-partial-messages'],
    // Nothing of the machine gets in: no hooks, CLAUDE.md, keychain, settings, MCP servers or skills; nothing gets out.
    ...['--bare', '--setting-sources', '', '--strict-mcp-config', '--disable-slash-commands'],
    ...['--tools', '', '--permission-mode', 'dontAsk', '--no-session-persistence'],
    ...['--model', model],
  ],
  env: ({ apiKey, baseUrl }, { maxTokens }) => ({
    // `--bare` wants one; a gateway of one's own may not.
    ANTHROPIC_API_KEY: apiKey || 'none',
    ...(baseUrl !== undefined && { ANTHROPIC_BASE_URL: baseUrl }),
    ...(maxTokens !== undefined && { CLAUDE_CODE_MAX_OUTPUT_TOKENS: `${maxTokens}` }),
    ...(maxTokens !== undefined && maxTokens < MIN_TOKENS_TO_THINK && { MAX_THINKING_TOKENS: '0' }),
    ...QUIET,
  }),
  reader,
}

/** It calls nobody but its model, asks it once (who retries is decided in front of us), and sends what it was given. */
const QUIET = {
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  DISABLE_AUTOUPDATER: '1',
  CLAUDE_CODE_MAX_RETRIES: '0',
  CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK: '1',
  CLAUDE_CODE_DISABLE_ATTACHMENTS: '1',
  DISABLE_COMPACT: '1',
  DISABLE_AUTO_COMPACT: '1',
}

/** Where it does not take the stop for an answer, and asks its model to go on, up to three times. */
const FINISH_REASONS = new Map<unknown, FinishReason>([
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['refusal', 'content_filter'],
])

const finishOf = (stopReason: unknown): FinishReason => FINISH_REASONS.get(stopReason) ?? 'stop'

function reader(): (line: Line) => AgentEvent[] {
  /** Of the messages that are over, and of the one that is not. */
  let before: AgentUsage = NO_USAGE
  let open: { usage: AgentUsage; told: boolean } | undefined
  let asked = false

  function ofStream(event: Line): AgentEvent[] {
    switch (event.type) {
      case 'message_start':
        if (open?.told) return [failed('reset', 'Its model broke off, and began again')]
        asked = true
        open = { usage: readUsage(objectOf(event.message).usage), told: false }
        return [{ kind: 'started' }]
      case 'content_block_delta':
        return ofDelta(objectOf(event.delta))
      case 'message_delta':
        return ofMessageDelta(event)
      case 'message_stop':
        before = addUsage(before, open?.usage ?? NO_USAGE)
        open = undefined
        return []
      default:
        return []
    }
  }

  function ofDelta(delta: Line): AgentEvent[] {
    const kind = delta.type === 'text_delta' ? 'text' : delta.type === 'thinking_delta' ? 'reasoning' : undefined
    const text = textOf(delta.text ?? delta.thinking)
    if (kind === undefined || text === '') return []
    if (open) open.told = true
    return [{ kind, text }]
  }

  function ofMessageDelta(event: Line): AgentEvent[] {
    const finishReason = finishOf(objectOf(event.delta).stop_reason)
    if (open) open.usage = laterUsage(open.usage, objectOf(event.usage))
    if (finishReason === 'stop') return []
    const usage = addUsage(before, open?.usage ?? NO_USAGE)
    return [{ kind: 'finished', finishReason, usage, goesOn: true }]
  }

  return (line) => {
    // What agents of the agent say is not the answer.
    if (line.type === 'stream_event' && !line.parent_tool_use_id) return ofStream(objectOf(line.event))
    if (line.type !== 'result') return []
    if (line.is_error !== false) return [failedResult(line)]
    if (!asked && usageOf(line).input === 0)
      return [failed('protocol', 'It says that it succeeded, and asked no model')]
    return [finishedResult(line)]
  }
}

/** `message_delta` says what there is in all by now; members it leaves out stay. */
const laterUsage = (earlier: AgentUsage, usage: Line): AgentUsage => ({
  ...(usage.input_tokens === undefined ? earlier : readUsage(usage)),
  output: countOf(usage.output_tokens) || earlier.output,
})

function finishedResult(line: Line): AgentEvent {
  const cost = line.total_cost_usd
  return {
    kind: 'finished',
    finishReason: finishOf(line.stop_reason),
    usage: usageOf(line),
    ...(typeof cost === 'number' && cost > 0 && { costUsd: cost }),
    text: textOf(line.result),
  }
}

/** `usage` is of the last turn alone, and empty at times: the models' own sums are what was spent. */
function usageOf(line: Line): AgentUsage {
  const models = Object.values(objectOf(line.modelUsage)).map((value) => {
    const model = objectOf(value)
    const cached = countOf(model.cacheReadInputTokens)
    const cacheWrite = countOf(model.cacheCreationInputTokens)
    const input = countOf(model.inputTokens) + cached + cacheWrite
    return { input, cached, cacheWrite, output: countOf(model.outputTokens) }
  })
  return models.length > 0 ? models.reduce(addUsage) : readUsage(line.usage)
}

/** Its own words are left out: they quote what the upstream said. */
function failedResult(line: Line): AgentEvent {
  const status = countOf(line.api_error_status)
  if (status > 0) return failed(reasonOf(status), `Its upstream answered ${status}`)
  const why = /^\w{1,64}$/.test(textOf(line.subtype)) ? textOf(line.subtype) : 'unknown'
  return failed('protocol', `It says that it failed (${why})`)
}

function reasonOf(status: number): BackendFailure {
  if (status === 401 || status === 403 || status === 404) return 'misconfigured'
  if (status === 429 || status === 503 || status === 529) return 'overloaded'
  return status >= 500 ? 'reset' : 'protocol'
}

const failed = (reason: BackendFailure, message: string): AgentEvent => ({
  kind: 'failed',
  failure: new BackendFailed(reason, message),
})
