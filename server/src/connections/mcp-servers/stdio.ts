import type { Deps } from '../../context.ts'
import type { Channel } from './channel.ts'
import { McpFault } from './fault.ts'
import { notificationOf, readMessage, requestOf, resultOf } from './json-rpc.ts'

/** At a time, and how many may wait for a place. */
const LIMITS = { processes: 4, waiting: 16 }

export interface ProgramTarget {
  command: string
  args: readonly string[]
  env: Record<string, string>
  signal: AbortSignal
}

/**
 * A program on this machine, spoken to by lines on its standard input and output. It has a process group, a home and an
 * environment of its own, and ends with all that it started.
 */
export async function openStdio(
  { programs }: Pick<Deps, 'programs'>,
  { command, args, env, signal }: ProgramTarget,
): Promise<Channel> {
  const start = { purpose: 'mcp', limits: LIMITS, file: command, args, env, stdin: undefined }
  const program = await programs.start(start, signal)
  const lines = program.lines()
  let id = 0

  return {
    async request(method, params) {
      id++
      program.write(`${requestOf(id, method, params)}\n`)
      for (;;) {
        const { value, done } = await lines.next()
        if (done) throw new McpFault('command_failed')
        const result = resultOf(readMessage(value), id)
        if (result) return result
      }
    },
    async notify(method) {
      program.write(`${notificationOf(method)}\n`)
    },
    speak() {},
    async close() {
      program.end('given_up')
      await program.gone
    },
  }
}
