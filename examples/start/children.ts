import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

/** What any program needs to run; everything else a child gets by name. */
const PASSED_ON = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'TMP', 'LANG', 'TZ', 'SystemRoot', 'LOCALAPPDATA']

/** How long a child may take to stop by itself. */
const GRACE_MS = 3000

export interface Children {
  start(script: string, args: string[], env: NodeJS.ProcessEnv, stdio: StdioOptions): ChildProcess
  stop(): Promise<void>
}

export function createChildren(): Children {
  const running = new Set<ChildProcess>()
  // The last resort, for every way out that does not pass through `stop`.
  process.on('exit', () => {
    for (const child of running) child.kill('SIGKILL')
  })

  function start(script: string, args: string[], env: NodeJS.ProcessEnv, stdio: StdioOptions): ChildProcess {
    const child = spawn(process.execPath, [script, ...args], { env: { ...passedOn(), ...env }, stdio })
    running.add(child)
    child.once('exit', () => running.delete(child))
    return child
  }

  async function stop(): Promise<void> {
    await Promise.all([...running].map(stopChild))
  }

  return { start, stop }
}

async function stopChild(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
  await gone
  clearTimeout(late)
}

function passedOn(): NodeJS.ProcessEnv {
  return Object.fromEntries(PASSED_ON.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
}

/** True once the child's web server answers, false when the child ends or takes too long. */
export async function isUp(child: ChildProcess, url: string): Promise<boolean> {
  for (let tries = 0; tries < 200 && child.exitCode === null && child.signalCode === null; tries++) {
    const answer = await fetch(url).catch(() => undefined)
    if (answer?.ok) return true
    await sleep(50)
  }
  return false
}
