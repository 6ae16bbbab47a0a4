import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLineSplitter } from './lines.ts'
import { endGroup, endStrays, signalGroup } from './process-group.ts'
import { ProgramFailed } from './program-failed.ts'

export interface ProgramCommand {
  file: string
  args: readonly string[]
  /** All of its environment. */
  env: Record<string, string>
  /** Its working directory, which nobody else uses. */
  directory: string
  /**
   * All that it is told, and then its input ends. Undefined: it is spoken to by `write`. Arguments are seen by everybody
   * on the machine: what nobody else may know gets in by here, or by the environment.
   */
  stdin: string | undefined
  /** A word that stands in `env`, and nowhere else. */
  mark: string
}

/**
 * How it is ended. `finished`: it said its result, and has a moment to go by itself; `given_up`: it is asked to go, and
 * then made to; `cut`: at once, before it can spend more.
 */
export type ProgramEnd = 'finished' | 'given_up' | 'cut'

export interface Program {
  pid: number
  /** Tells it more, where its input was left open. */
  write(text: string): void
  /** What it prints; to be read once. Throws what it was stopped with. */
  lines(): AsyncGenerator<string>
  /** Gives up on it: whoever reads its lines gets the reason. */
  stop(reason: Error): void
  /** Ends it and all that it started; the first call decides how. */
  end(how: ProgramEnd): void
  /** Resolves when they are gone. */
  gone: Promise<void>
  /** Its last words. */
  stderr(): string
  /** How it went, waiting so long for it. */
  exit(waitMs: number): Promise<ProgramExit>
}

/** A code, a signal, or undefined while it runs. */
export type ProgramExit = number | NodeJS.Signals | undefined

const KILL_GRACE_MS = 5000
/** Part of the same time: whatever happens, nothing of it is there six seconds after it was to end. */
const RESULT_GRACE_MS = 2000
const STDERR_CHARS = 4096

/** Starts a program as the leader of a process group of its own, without a shell. */
export async function startProgram(command: ProgramCommand, note: (pid: number) => void): Promise<Program> {
  const { file, args, env, directory, stdin, mark } = command
  const child = spawn(file, args, { cwd: directory, env, shell: false, detached: true })
  const pid = child.pid ?? throwNotStarted(await once(child, 'error'))
  noteOrKill(pid, note)

  const stderr = keepLast(child.stderr, STDERR_CHARS)
  // It may go before it has read everything: that is no failure of ours.
  child.stdin.on('error', () => {})
  if (stdin !== undefined) child.stdin.end(stdin)
  // `lines` throws what it is destroyed with; nobody may be reading then.
  child.stdout.on('error', () => {})
  const exited = new Promise((resolve) => child.once('exit', resolve))
  // Something that it started may hold its output open for ever.
  exited.then(() => pause(RESULT_GRACE_MS)).then(() => child.stdout.destroy())

  const gone = Promise.withResolvers<void>()
  let ending = false
  function end(how: ProgramEnd): void {
    if (ending) return
    ending = true
    // What it still prints is thrown away, so that it is not held up by it.
    child.stdout.resume()
    endAll(pid, how, exited, mark).then(gone.resolve)
  }
  return {
    pid,
    write: (text) => void child.stdin.write(text),
    lines: () => linesOf(child),
    stop(reason) {
      child.stdout.destroy(reason)
      end('given_up')
    },
    end,
    gone: gone.promise,
    stderr,
    async exit(waitMs) {
      if (child.exitCode === null && child.signalCode === null) await Promise.race([exited, pause(waitMs)])
      return child.signalCode ?? child.exitCode ?? undefined
    },
  }
}

/** Nothing is kept from ending by it. */
const pause = (ms: number) => sleep(ms, undefined, { ref: false })

/** Written before anything else can happen: a crash finds either no process, or its note. */
function noteOrKill(pid: number, note: (pid: number) => void): void {
  try {
    note(pid)
  } catch (error) {
    signalGroup(pid, 'SIGKILL')
    throw error
  }
}

/** `EAGAIN`, `ENOMEM`: the machine is full; anything else is about the program. */
function throwNotStarted([error]: NodeJS.ErrnoException[]): never {
  const full = error?.code === 'EAGAIN' || error?.code === 'ENOMEM'
  throw new ProgramFailed(full ? 'overloaded' : 'misconfigured', `The program could not be started (${error?.code})`)
}

async function* linesOf(child: ChildProcessWithoutNullStreams): AsyncGenerator<string> {
  const splitter = createLineSplitter()
  for await (const piece of child.stdout.iterator({ destroyOnReturn: false })) yield* splitter.push(piece as Buffer)
  yield splitter.rest()
}

async function endAll(pid: number, how: ProgramEnd, exited: Promise<unknown>, mark: string): Promise<void> {
  if (how === 'finished') await Promise.race([exited, pause(RESULT_GRACE_MS)])
  if (how === 'cut') signalGroup(pid, 'SIGKILL')
  await endGroup(pid, how === 'finished' ? KILL_GRACE_MS - RESULT_GRACE_MS : KILL_GRACE_MS)
  await endStrays(mark)
}

function keepLast(stream: NodeJS.ReadableStream, chars: number): () => string {
  let last = ''
  stream.setEncoding('utf8').on('data', (text: string) => {
    last = (last + text).slice(-chars)
  })
  return () => last
}
