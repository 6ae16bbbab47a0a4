import { entryOf, invalid, isGiven, type Json, unsupported } from '../fields.ts'

/** How a family of models is told to think. */
type Family = 'none' | 'budget' | 'adaptive'

/** By the upstream's name of the model, which says the family on Bedrock and Vertex too; new models are like the newest. */
const FAMILIES: readonly [RegExp, Family][] = [
  [/claude-(instant|v?2|3-(opus|sonnet|haiku|5))/, 'none'],
  [/claude-3-7/, 'budget'],
  [/claude-(opus|sonnet|haiku)-4(-[015])?(?=$|[@:]|-\d{8}|-v\d)/, 'budget'],
]

function familyOf(model: string): Family {
  return FAMILIES.find(([name]) => name.test(model))?.[1] ?? 'adaptive'
}

/** OpenAI's word, Anthropic's `output_config.effort`, and what part of `max_tokens` an older model may think with. */
const EFFORTS: Readonly<Record<string, { effort: string; share: number }>> = {
  minimal: { effort: 'low', share: 0.1 },
  low: { effort: 'low', share: 0.2 },
  medium: { effort: 'medium', share: 0.5 },
  high: { effort: 'high', share: 0.8 },
  xhigh: { effort: 'xhigh', share: 0.9 },
  max: { effort: 'max', share: 0.95 },
}

/** The least that Anthropic takes for `budget_tokens`. */
const MIN_BUDGET = 1024

export interface ThinkingRequest {
  thinking?: Json
  effort?: string
}

export interface ThinkingSituation {
  model: string
  maxTokens: number
  /** A tool must be called: thinking and a forced call exclude each other. */
  toolIsForced: boolean
  /** The turn under way began without thinking, which an older model could not take up again. */
  beganWithoutThinking: boolean
}

/** `reasoning_effort` is advice on how hard to think: where there is no room for thinking, it asks for nothing. */
export function thinkingOfEffort(reasoningEffort: unknown, situation: ThinkingSituation): ThinkingRequest {
  if (!isGiven(reasoningEffort)) return {}
  const family = familyOf(situation.model)
  if (reasoningEffort === 'none') return family === 'adaptive' ? { thinking: { type: 'disabled' } } : {}
  const known = entryOf(EFFORTS, reasoningEffort)
  if (!known)
    throw invalid('reasoning_effort', `reasoning_effort must be one of none, ${Object.keys(EFFORTS).join(', ')}`)
  if (family === 'none')
    throw unsupported('reasoning_effort', 'This model does not reason; leave reasoning_effort out, or ask a newer one')
  return family === 'budget' ? budget(known.share, situation) : adaptive(known.effort, situation)
}

function adaptive(effort: string, { toolIsForced }: ThinkingSituation): ThinkingRequest {
  return toolIsForced ? { effort } : { thinking: { type: 'adaptive', display: 'summarized' }, effort }
}

/** `max_tokens` is what a call may cost: the budget is taken out of it, and never added. */
function budget(share: number, situation: ThinkingSituation): ThinkingRequest {
  const { maxTokens, toolIsForced, beganWithoutThinking } = situation
  if (toolIsForced || beganWithoutThinking || maxTokens <= MIN_BUDGET) return {}
  return { thinking: { type: 'enabled', budget_tokens: Math.max(MIN_BUDGET, Math.floor(maxTokens * share)) } }
}

/** The words that every reasoning model of OpenAI's shape knows. */
const COMMON_EFFORTS = ['low', 'medium', 'high']

/** The other way: the effort that Anthropic was asked for, or the word next to the budget. */
export function effortOfThinking(thinking: Json | undefined, effort: unknown, maxTokens: number): string | undefined {
  if (thinking?.type === 'disabled') return 'none'
  if (typeof effort === 'string') return effort
  if (thinking?.type !== 'enabled') return undefined
  const share = Number(thinking.budget_tokens) / maxTokens
  return COMMON_EFFORTS.find((word) => share <= (EFFORTS[word]?.share ?? 0)) ?? 'high'
}
