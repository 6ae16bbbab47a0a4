import { BackendFailed } from '../backend.ts'
import { type Agent, type AgentEvent, countOf, type Line, readUsage, textOf } from './agent.ts'

/**
 * The one tool that reaches nothing: without a list Droid reads files of this machine and runs commands, `--auto` or not,
 * and an empty list counts as none (seen with 0.215.0).
 */
const HARMLESS_TOOLS = ['TodoWrite']

/** Factory's `droid exec`. It tells whole messages; what comes before its last one is on the way to the answer. */
export const droid: Agent = {
  args: ({ auto, tools = HARMLESS_TOOLS }, model) => [
    ...['exec', '--output-format', 'stream-json', '--model', model],
    ...['--only-tools', tools.join(',')],
    ...(auto === undefined ? [] : ['--auto', auto]),
  ],
  env: ({ apiKey }) => (apiKey ? { FACTORY_API_KEY: apiKey } : {}),
  reader,
}

function reader(): (line: Line) => AgentEvent[] {
  /** A message that is the answer, unless more comes. */
  let held = ''
  const reasoned = new Set<string>()

  function wayTo(text: string): AgentEvent[] {
    return text === '' ? [] : [{ kind: 'reasoning', text: `${text}\n\n` }]
  }
  function release(): AgentEvent[] {
    const text = held
    held = ''
    return wayTo(text)
  }

  return (line) => {
    switch (line.type) {
      case 'message': {
        if (line.role !== 'assistant') return []
        const earlier = release()
        held = textOf(line.text)
        return [{ kind: 'started' }, ...earlier]
      }
      case 'reasoning': {
        // It is printed twice at times, with the same id.
        const id = textOf(line.id)
        if (id !== '' && reasoned.has(id)) return []
        reasoned.add(id)
        return [{ kind: 'started' }, ...release(), ...wayTo(textOf(line.text))]
      }
      case 'tool_call':
        return [{ kind: 'started' }, ...release()]
      case 'tool_result':
        return [{ kind: 'started' }]
      case 'completion':
        return [completion(line, held)]
      default:
        return []
    }
  }
}

/** It has been seen to say that it succeeded when it had asked nobody. */
function completion(line: Line, held: string): AgentEvent {
  const usage = readUsage(line.usage)
  if (countOf(line.numTurns) === 0 && usage.input + usage.output === 0)
    return { kind: 'failed', failure: new BackendFailed('protocol', 'It says that it succeeded, and did nothing') }
  return { kind: 'finished', finishReason: 'stop', usage, text: textOf(line.finalText) || held }
}
