import { mkdtemp, rm } from 'node:fs/promises'
import type { Random } from '../crypto/random.ts'
import { createPlaces, type PlaceLimits } from './places.ts'
import { signalGroup } from './process-group.ts'
import { openProcessNotes, PRIVATE_DIRECTORY, type ProcessNote } from './process-notes.ts'
import { type Program, startProgram } from './program.ts'
import { ProgramFailed } from './program-failed.ts'

/** What of our own environment a program gets: where programs and certificates are, and how to write text. */
const PASSED_ON = ['PATH', 'LANG', 'LC_ALL', 'TZ', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'NODE_EXTRA_CA_CERTS']

/** Inherited by all that a program starts: by it they are found. */
const MARK_NAME = 'AUTH_AGENT_RUN'
const MARK_BYTES = 16

export interface ProgramsOptions {
  /** Where it is noted what runs. Servers on one machine may share it. */
  directory: string
  environment: NodeJS.ProcessEnv
  /** Aborted when the server begins to drain: programs are ended then. */
  draining: AbortSignal
  random: Random
  log: { warn(details: object, message: string): void }
}

export interface ProgramStart {
  /** What it is for, such as a backend, and how many there may be for that. */
  purpose: string
  limits: PlaceLimits
  file: string
  args: readonly string[]
  /** What it gets beside the few variables that all programs get. */
  env: Record<string, string>
  stdin: string | undefined
}

/** All programs that this server runs: command-line agents, MCP servers. */
export interface Programs {
  /** Where names of programs are looked for. */
  path: string
  /** Waits for a place and starts one. The signal stops it, in the queue or later. */
  start(start: ProgramStart, signal: AbortSignal): Promise<Program>
  /** Resolves when all are gone, with what they started. */
  close(): Promise<void>
}

/** Ends what servers before this one have left, and is ready to start programs. */
export async function openPrograms(options: ProgramsOptions): Promise<Programs> {
  const { environment, random, log } = options
  const notes = openProcessNotes(options.directory)
  const places = createPlaces()
  const running = new Set<ProcessNote>()
  const unfinished = new Set<Promise<void>>()
  const closing = new AbortController()
  const over = AbortSignal.any([options.draining, closing.signal])

  const left = await notes.reap()
  if (left > 0) log.warn({ left }, 'programs that a server before this one had started were ended')

  // The process ends, whatever the reason, and cannot wait: nor can what it started.
  const killAll = () => {
    for (const { pid } of running) signalGroup(pid, 'SIGKILL')
  }
  process.on('exit', killAll)

  async function start(what: ProgramStart, signal: AbortSignal): Promise<Program> {
    const stopped = AbortSignal.any([signal, over])
    const leave = await places.take(what.purpose, what.limits, stopped)
    const finished = Promise.withResolvers<void>()
    unfinished.add(finished.promise)
    const tidied = () => {
      unfinished.delete(finished.promise)
      finished.resolve()
      leave()
    }
    try {
      const program = await startNoted(what, tidied)
      stopWhen(stopped, over, program)
      return program
    } catch (error) {
      tidied()
      throw error
    }
  }

  /** `tidied` is called when it is gone, and all that there was of it: not if it did not start. */
  async function startNoted(what: ProgramStart, tidied: () => void): Promise<Program> {
    const directory = await mkdtemp(PRIVATE_DIRECTORY)
    const mark = random(MARK_BYTES).toString('hex')
    const env = {
      ...passedOn(environment),
      // A home of its own: it finds no credentials, settings or instructions of whoever runs this server.
      ...{ HOME: directory, TMPDIR: directory },
      ...what.env,
      [MARK_NAME]: mark,
    }
    let noted: ProcessNote | undefined
    const note = (pid: number) => {
      noted = { pid, mark, directory }
      running.add(noted)
      notes.write(noted)
    }
    const forget = async () => {
      await rm(directory, { recursive: true, force: true })
      if (!noted) return
      running.delete(noted)
      await notes.remove(noted)
    }
    const program = await startProgram({ ...what, env, directory, mark }, note).catch(async (error: unknown) => {
      await forget()
      throw error
    })
    program.gone
      .then(forget)
      .catch((error: unknown) => log.warn({ error }, 'what a program left could not be removed'))
      .then(tidied)
    return program
  }

  return {
    path: environment.PATH ?? '',
    async start(what, signal) {
      if (over.aborted) throw shuttingDown()
      return start(what, signal).catch((error: unknown) => {
        throw over.aborted ? shuttingDown() : error
      })
    },
    async close() {
      closing.abort()
      await Promise.all(unfinished)
      process.off('exit', killAll)
    },
  }
}

const shuttingDown = () => new ProgramFailed('overloaded', 'The server is shutting down')

const passedOn = (environment: NodeJS.ProcessEnv) =>
  Object.fromEntries(
    PASSED_ON.flatMap((name) => {
      const value = environment[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )

function stopWhen(signal: AbortSignal, over: AbortSignal, program: Program): void {
  const stop = () => program.stop(over.aborted ? shuttingDown() : signal.reason)
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop)
  program.gone.then(() => signal.removeEventListener('abort', stop))
}
