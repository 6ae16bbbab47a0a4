import { mkdtemp, rm } from 'node:fs/promises'
import type { Random } from '../../crypto/random.ts'
import { BackendFailed } from '../backend.ts'
import { type AgentProcess, startAgentProcess } from './agent-process.ts'
import { createPlaces, type PlaceLimits } from './places.ts'
import { signalGroup } from './process-group.ts'
import { openProcessNotes, PRIVATE_DIRECTORY, type ProcessNote } from './process-notes.ts'

/** What of our own environment an agent gets: where programs and certificates are, and how to write text. */
const PASSED_ON = ['PATH', 'LANG', 'LC_ALL', 'TZ', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'NODE_EXTRA_CA_CERTS']

/** Inherited by all that an agent starts: by it they are found. */
const MARK_NAME = 'AUTH_AGENT_RUN'
const MARK_BYTES = 16

export interface AgentProcessesOptions {
  /** Where it is noted what runs. Servers on one machine may share it. */
  directory: string
  environment: NodeJS.ProcessEnv
  /** Aborted when the server begins to drain: agents are ended then. */
  draining: AbortSignal
  random: Random
  log: { warn(details: object, message: string): void }
}

export interface AgentStart {
  /** The backend that it is for, and how many of it there may be. */
  backend: string
  limits: PlaceLimits
  file: string
  args: readonly string[]
  /** What it gets beside the few variables that all agents get. */
  env: Record<string, string>
  stdin: string
}

/** All command-line agents of this server. */
export interface AgentProcesses {
  /** Where names of programs are looked for. */
  path: string
  /** Waits for a place and starts one. The signal stops it, in the queue or later. */
  start(start: AgentStart, signal: AbortSignal): Promise<AgentProcess>
  /** Resolves when all are gone, with what they started. */
  close(): Promise<void>
}

/** Ends what servers before this one have left, and is ready to start agents. */
export async function openAgentProcesses(options: AgentProcessesOptions): Promise<AgentProcesses> {
  const { environment, random, log } = options
  const notes = openProcessNotes(options.directory)
  const places = createPlaces()
  const running = new Set<ProcessNote>()
  const unfinished = new Set<Promise<void>>()
  const closing = new AbortController()
  const over = AbortSignal.any([options.draining, closing.signal])

  const left = await notes.reap()
  if (left > 0) log.warn({ left }, 'agents that a server before this one had started were ended')

  // The process ends, whatever the reason, and cannot wait: nor can what it started.
  const killAll = () => {
    for (const { pid } of running) signalGroup(pid, 'SIGKILL')
  }
  process.on('exit', killAll)

  async function start(what: AgentStart, signal: AbortSignal): Promise<AgentProcess> {
    const stopped = AbortSignal.any([signal, over])
    const leave = await places.take(what.backend, what.limits, stopped)
    const finished = Promise.withResolvers<void>()
    unfinished.add(finished.promise)
    const tidied = () => {
      unfinished.delete(finished.promise)
      finished.resolve()
      leave()
    }
    try {
      const agent = await startNoted(what, tidied)
      stopWhen(stopped, over, agent)
      return agent
    } catch (error) {
      tidied()
      throw error
    }
  }

  /** `tidied` is called when it is gone, and all that there was of it: not if it did not start. */
  async function startNoted(what: AgentStart, tidied: () => void): Promise<AgentProcess> {
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
    const agent = await startAgentProcess({ ...what, env, directory, mark }, note).catch(async (error: unknown) => {
      await forget()
      throw error
    })
    agent.gone
      .then(forget)
      .catch((error: unknown) => log.warn({ error }, 'what an agent left could not be removed'))
      .then(tidied)
    return agent
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

const shuttingDown = () => new BackendFailed('overloaded', 'The server is shutting down')

const passedOn = (environment: NodeJS.ProcessEnv) =>
  Object.fromEntries(
    PASSED_ON.flatMap((name) => {
      const value = environment[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )

function stopWhen(signal: AbortSignal, over: AbortSignal, agent: AgentProcess): void {
  const stop = () => agent.stop(over.aborted ? shuttingDown() : signal.reason)
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop)
  agent.gone.then(() => signal.removeEventListener('abort', stop))
}
