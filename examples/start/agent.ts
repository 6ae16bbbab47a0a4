import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Step } from '../agent/timeline.ts'
import type { Children } from './children.ts'
import { SAMPLE_MODEL, type Sample } from './sample.ts'

const SCRIPT = fileURLToPath(new URL('../agent/main.ts', import.meta.url))

/** How the agent's run ended: its last line. */
export interface AgentEnd {
  ok: boolean
  greeting?: string
  error?: string
  message?: string
}

/** Runs the sample agent in a process of its own, which knows nothing but its own identity and where to go. */
export async function runAgent(
  children: Children,
  { issuer, website, sample }: { issuer: string; website: string; sample: Sample },
  onStep: (step: Step) => void,
): Promise<AgentEnd> {
  const env = {
    ISSUER: issuer,
    WEBSITE_URL: website,
    AGENT_ID: sample.agent.agent_id,
    AGENT_SECRET: sample.agent.agent_secret,
    AGENT_MODEL: SAMPLE_MODEL,
    CHROME_PATH: process.env.CHROME_PATH,
    SCREENSHOT_DIR: process.env.SCREENSHOT_DIR,
  }
  const child = children.start(SCRIPT, ['--json'], env, ['ignore', 'pipe', 'inherit'])
  if (!child.stdout) throw new TypeError('The agent has no stdout')

  let end: AgentEnd = { ok: false, error: 'unexpected', message: 'It stopped without a word.' }
  const exited = once(child, 'exit')
  for await (const line of createInterface({ input: child.stdout })) {
    const said = JSON.parse(line)
    if ('step' in said) onStep(said)
    else end = said
  }
  await exited
  return end
}
