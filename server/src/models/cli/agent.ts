import type { BackendFailed } from '../backend.ts'
import type { Question } from './question.ts'

/** One program that answers questions on the command line, as data and pure translations. */
export interface Agent {
  args(setting: AgentSetting, model: string): string[]
  env(setting: AgentSetting, question: Question): Record<string, string>
  /** Understands what one run of it prints, object by object. */
  reader(): (line: Line) => AgentEvent[]
}

/** What an operator says of one. */
export interface AgentSetting {
  apiKey?: string
  baseUrl?: string
  /** Droid: what it may change without being asked. Nothing, when it is not said. */
  auto?: 'low' | 'medium' | 'high'
  /** Droid: the tools it has, by its own names of them. */
  tools?: readonly string[]
}

/** An object that a program printed; everything in it is doubtful. */
export type Line = Record<string, unknown>

export type FinishReason = 'stop' | 'length' | 'content_filter'

export type AgentEvent =
  /** A model is at work. */
  | { kind: 'started' }
  | { kind: 'reasoning' | 'text'; text: string }
  | AgentResult
  | { kind: 'failed'; failure: BackendFailed }

export interface AgentResult {
  kind: 'finished'
  finishReason: FinishReason
  usage: AgentUsage
  /** What the agent says that it cost. */
  costUsd?: number
  /** The whole answer, for agents that did not tell it piece by piece. */
  text?: string
  /** It would go on, and spend more, unless it is ended. */
  goesOn?: true
}

/** Tokens; `input` is all of them, those from and into a cache included. */
export interface AgentUsage {
  input: number
  cached: number
  cacheWrite: number
  output: number
}

export const NO_USAGE: AgentUsage = { input: 0, cached: 0, cacheWrite: 0, output: 0 }

export const addUsage = (a: AgentUsage, b: AgentUsage): AgentUsage => ({
  input: a.input + b.input,
  cached: a.cached + b.cached,
  cacheWrite: a.cacheWrite + b.cacheWrite,
  output: a.output + b.output,
})

/** Usage in Anthropic's words, which Droid uses too: their `input_tokens` are those that no cache knew. */
export function readUsage(value: unknown): AgentUsage {
  const usage = objectOf(value)
  const cached = countOf(usage.cache_read_input_tokens)
  const cacheWrite = countOf(usage.cache_creation_input_tokens)
  const input = countOf(usage.input_tokens) + cached + cacheWrite
  return { input, cached, cacheWrite, output: countOf(usage.output_tokens) }
}

export const objectOf = (value: unknown): Line =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Line) : {}

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

export const countOf = (value: unknown): number =>
  Number.isSafeInteger(value) && Number(value) > 0 ? Number(value) : 0
