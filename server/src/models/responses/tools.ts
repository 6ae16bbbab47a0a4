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
import { refuseUnsupported } from '../parameter-table.ts'
import { FUNCTION_TOOL } from './parameters.ts'

/** A response's tools in the words of a chat: `tools` and `tool_choice`, as far as there are any. */
export function toChatTools({ tools: asked, tool_choice: choice, parallel_tool_calls }: Json): Json {
  const tools = isGiven(asked) ? listAt(asked, 'tools').map((tool, i) => toChatTool(tool, `tools[${i}]`)) : []
  const chosen = isGiven(choice) ? toChatChoice(choice) : { tool_choice: undefined, allowed: undefined }
  const left = tools.filter(({ function: { name } }) => chosen.allowed?.has(name) ?? true)
  return given({
    tools: left.length > 0 ? left : undefined,
    tool_choice: chosen.tool_choice,
    parallel_tool_calls: left.length > 0 ? parallel_tool_calls : undefined,
  })
}

interface ChatTool extends Json {
  function: { name: string }
}

function toChatTool(value: unknown, param: string): ChatTool {
  const tool = objectAt(value, param)
  if (tool.type !== 'function')
    throw unsupported(
      `${param}.type`,
      `Models without responses of their own have no tool ${asText(tool.type)}; describe it as a function, and run it yourself`,
    )
  refuseUnsupported(tool, FUNCTION_TOOL, param)
  const { description, parameters, strict } = tool
  const called = given({ description, parameters, strict })
  return { type: 'function', function: { name: textAt(tool.name, `${param}.name`), ...called } }
}

interface Choice {
  tool_choice: unknown
  /** The names of tools that may be called; undefined: all. */
  allowed: ReadonlySet<unknown> | undefined
}

type ReadChoice = (choice: Json) => Choice

const CHOICES: Readonly<Record<string, ReadChoice>> = {
  function: ({ name }) => ({
    tool_choice: { type: 'function', function: { name: textAt(name, 'tool_choice.name') } },
    allowed: undefined,
  }),
  allowed_tools: ({ mode, tools }) => ({
    tool_choice: mode,
    allowed: new Set(
      listAt(tools, 'tool_choice.tools').map((tool, i) => objectAt(tool, `tool_choice.tools[${i}]`).name),
    ),
  }),
}

function toChatChoice(choice: unknown): Choice {
  if (!isJson(choice)) return { tool_choice: wordOf(choice), allowed: undefined }
  const read = entryOf(CHOICES, choice.type)
  if (!read)
    throw unsupported('tool_choice', 'Models without responses of their own can be held to a function, by its name')
  return read(choice)
}

function wordOf(choice: unknown): unknown {
  if (choice === 'auto' || choice === 'none' || choice === 'required') return choice
  throw invalid('tool_choice', 'tool_choice must be auto, none, required, or name a function')
}
