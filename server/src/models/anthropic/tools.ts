import {
  asText,
  entryOf,
  given,
  invalid,
  isGiven,
  isJson,
  type Json,
  listAt,
  objectAt,
  textAt,
  unsupported,
} from '../fields.ts'

/** A chat body's tools in Anthropic's words: `tools` and `tool_choice`, as far as there are any. */
export function toAnthropicTools(body: Json): Json {
  const tools = isGiven(body.tools) ? listAt(body.tools, 'tools') : []
  if (tools.length === 0) return withoutTools(body.tool_choice)
  return given({
    tools: tools.map((tool, i) => toAnthropicTool(objectAt(tool, `tools[${i}]`), `tools[${i}]`)),
    tool_choice: toAnthropicChoice(body.tool_choice, body.parallel_tool_calls === false),
  })
}

function withoutTools(choice: unknown): Json {
  if (!isGiven(choice) || choice === 'none' || choice === 'auto') return {}
  throw invalid('tool_choice', 'tool_choice asks for a tool, but there are no tools; send them, or leave it out')
}

function toAnthropicTool(tool: Json, param: string): Json {
  if (tool.type !== 'function')
    throw unsupported(`${param}.type`, "Anthropic's models call functions only; describe the tool as a function")
  const called = objectAt(tool.function, `${param}.function`)
  const schema = isGiven(called.parameters) ? objectAt(called.parameters, `${param}.function.parameters`) : {}
  return given({
    name: textAt(called.name, `${param}.function.name`),
    description: called.description,
    // Anthropic demands the type that OpenAI takes for granted.
    input_schema: { type: 'object', ...schema },
    strict: called.strict === true ? true : undefined,
    cache_control: tool.cache_control,
  })
}

const CHOICES: Readonly<Record<string, string>> = { auto: 'auto', required: 'any', none: 'none' }

function toAnthropicChoice(choice: unknown, oneAtATime: boolean): Json | undefined {
  if (!isGiven(choice)) return oneAtATime ? { type: 'auto', disable_parallel_tool_use: true } : undefined
  const translated = translateChoice(choice)
  return oneAtATime && translated.type !== 'none' ? { ...translated, disable_parallel_tool_use: true } : translated
}

function translateChoice(choice: unknown): Json {
  const type = entryOf(CHOICES, choice)
  if (type !== undefined) return { type }
  if (!isJson(choice)) throw invalid('tool_choice', 'tool_choice must be auto, required, none, or name a function')
  if (choice.type !== 'function')
    throw unsupported('tool_choice', "Anthropic's models can be held to one function, by name; send only tools allowed")
  const named = objectAt(choice.function, 'tool_choice.function')
  return { type: 'tool', name: textAt(named.name, 'tool_choice.function.name') }
}

/** `tool_choice` of Anthropic's that leaves the model no way but to call. */
export function isForced(choice: unknown): boolean {
  return isJson(choice) && (choice.type === 'any' || choice.type === 'tool')
}

/** A messages body's tools in the words of chat. */
export function toChatTools(body: Json): Json {
  const tools = isGiven(body.tools) ? listAt(body.tools, 'tools') : []
  if (tools.length === 0) return {}
  const choice = isGiven(body.tool_choice) ? objectAt(body.tool_choice, 'tool_choice') : undefined
  return given({
    tools: tools.map((tool, i) => toChatTool(objectAt(tool, `tools[${i}]`), `tools[${i}]`)),
    tool_choice: choice && toChatChoice(choice),
    parallel_tool_calls: choice?.disable_parallel_tool_use === true ? false : undefined,
  })
}

function toChatTool(tool: Json, param: string): Json {
  if (isGiven(tool.type) && tool.type !== 'custom')
    throw unsupported(`${param}.type`, `This model cannot use Anthropic's own tool ${asText(tool.type)}; leave it out`)
  const called = given({
    name: textAt(tool.name, `${param}.name`),
    description: tool.description,
    parameters: objectAt(tool.input_schema, `${param}.input_schema`),
    strict: tool.strict,
  })
  return { type: 'function', function: called }
}

function toChatChoice(choice: Json): unknown {
  if (choice.type === 'tool') return { type: 'function', function: { name: textAt(choice.name, 'tool_choice.name') } }
  const word = Object.entries(CHOICES).find(([, type]) => type === choice.type)?.[0]
  if (word === undefined) throw invalid('tool_choice.type', 'tool_choice.type must be auto, any, tool or none')
  return word
}

/** Anthropic's ids have fewer characters than those that models elsewhere give to their calls. */
export function toToolUseId(id: string): string {
  return id.replace(/[^A-Za-z0-9_-]/g, '_')
}

/**
 * The arguments of a call as the object that Anthropic demands. What a model wrote that is no JSON is kept as it stands,
 * so that the conversation can go on.
 */
export function readArguments(text: string): Json {
  if (text.trim() === '') return {}
  try {
    const parsed: unknown = JSON.parse(text)
    if (isJson(parsed)) return parsed
  } catch {
    // Said below, as for JSON that is not an object.
  }
  return { invalid_arguments: text }
}
