import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 25

/** Signals all of a group that a process leads. False: nobody is in it any more. */
export function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-leader, signal)
    return true
  } catch {
    return false
  }
}

/** Ends a group: asks first, and after the grace does not ask. Zombies that nobody collects are not waited for. */
export async function endGroup(leader: number, graceMs: number): Promise<void> {
  const over = AbortSignal.timeout(graceMs)
  let there = signalGroup(leader, 'SIGTERM')
  while (there && !over.aborted) {
    await sleep(POLL_MS)
    there = signalGroup(leader, 0)
  }
  if (there) signalGroup(leader, 'SIGKILL')
}

/** Ends those who left the group (`setsid`), found by a word in the environment that they inherited. Linux only. */
export async function endStrays(word: string): Promise<void> {
  for (const pid of await processesWith(word)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended by itself.
    }
  }
}

async function processesWith(word: string): Promise<number[]> {
  const names = await readdir('/proc').catch(() => [])
  const pids = names.map(Number).filter((pid) => pid > 0 && pid !== process.pid)
  const found = await Promise.all(
    pids.map(async (pid) => (await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '')).includes(word)),
  )
  return pids.filter((_, index) => found[index])
}

/** When a process started, in the system's own words: with its number, who it is. Undefined: there is none. */
export function startOf(pid: number): string | undefined {
  try {
    if (process.platform !== 'linux')
      return execFileSync('ps', ['-o', 'lstart=', '-p', `${pid}`])
        .toString()
        .trim()
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // proc_pid_stat(5): the second field is a name in parentheses that may hold anything; the 22nd is starttime.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}
