import type { Program, ProgramExit } from '../../processes/program.ts'
import { ProgramFailed } from '../../processes/program-failed.ts'
import type { ProgramStart, Programs } from '../../processes/programs.ts'
import { type BackendCall, BackendFailed } from '../backend.ts'
import { type Agent, type AgentEvent, type AgentResult, type Line, objectOf } from './agent.ts'
import { type Patience, startPatience } from './patience.ts'

/** What an agent says that is meant for a caller; the last of it is its result. */
export type Spoken = Extract<AgentEvent, { kind: 'reasoning' | 'text' }> | AgentResult

export interface AgentRun {
  agent: Agent
  start: ProgramStart
  signal: AbortSignal
  timeouts: BackendCall['timeouts']
  /** Told when it came to nothing, unless it is the caller who went away. */
  complain(details: Complaint): void
}

interface Complaint {
  error: unknown
  exit: ProgramExit
  /** Only of an agent that said nothing else: later it may hold what somebody asked. */
  stderr?: string
}

/** Runs an agent once. However this ends, and whenever the reader leaves, its process is ended with it. */
export async function* runAgent(processes: Programs, run: AgentRun): AsyncGenerator<Spoken, void> {
  const patience = startPatience(run.timeouts)
  try {
    const signal = AbortSignal.any([run.signal, patience.signal])
    const process = await processes.start(run.start, signal).catch(notInTime(patience.signal))
    yield* told(run, process, patience, signal)
  } finally {
    patience.end()
  }
}

/** Whoever waited for a place until the patience was over found us full, not the agent slow. */
const notInTime = (over: AbortSignal) => (error: unknown) => {
  throw over.aborted ? new BackendFailed('overloaded', 'No place for an agent became free in time') : ofBackend(error)
}

async function* told(run: AgentRun, process: Program, patience: Patience, signal: AbortSignal) {
  const lines = process.lines()
  const read = run.agent.reader()
  let understood = 0
  try {
    while (true) {
      const next = await patience.during(lines.next())
      if (next.done) throw await endedEarly(process)
      const line = parseLine(next.value)
      if (line) understood++
      for (const event of line ? read(line) : []) {
        patience.heard()
        if (event.kind === 'failed') throw event.failure
        if (event.kind === 'started') continue
        // Before it is told: how fast an answer is read decides nothing.
        if (event.kind === 'finished') process.end(event.goesOn ? 'cut' : 'finished')
        yield event
        if (event.kind === 'finished') return
      }
    }
  } catch (thrown) {
    const failure = ofBackend(thrown)
    const error = signal.aborted
      ? signal.reason
      : failure instanceof BackendFailed
        ? failure
        : await endedEarly(process)
    if (!run.signal.aborted)
      run.complain({ error, exit: await process.exit(0), ...(understood === 0 && { stderr: process.stderr() }) })
    throw error
  } finally {
    process.end('given_up')
  }
}

/** What keeps a program from running keeps its backend from answering. */
function ofBackend(thrown: unknown): unknown {
  return thrown instanceof ProgramFailed ? new BackendFailed(thrown.reason, thrown.message) : thrown
}

/** Undefined: a line that is no JSON object, as programs print them when they have something to say to people. */
function parseLine(line: string): Line | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    return objectOf(JSON.parse(line))
  } catch {
    return undefined
  }
}

const EXIT_MS = 1000

async function endedEarly(process: Program): Promise<BackendFailed> {
  const exit = await process.exit(EXIT_MS)
  if (exit === undefined) return new BackendFailed('protocol', 'The agent closed its output without a result')
  const reason = typeof exit === 'string' ? 'reset' : 'protocol'
  return new BackendFailed(reason, `The agent ended without a result (${exit})`)
}
