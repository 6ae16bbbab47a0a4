import { fileURLToPath } from 'node:url'
import { ConfigError } from '../server/src/config.ts'
import { type RunningServer, startServer } from '../server/src/server.ts'
import type { Step } from './agent/timeline.ts'
import { runAgent } from './start/agent.ts'
import { createChildren, isUp } from './start/children.ts'
import { isTaken } from './start/ports.ts'
import { printByHand, printFailed, printSignedIn, printStep, printWelcome } from './start/report.ts'
import { readOrRegister, type Sample, sampleFile } from './start/sample.ts'

const WEBSITE = fileURLToPath(new URL('./website/main.ts', import.meta.url))
/** Whatever hangs: after this everything ends. */
const STOP_WITHIN_MS = 4500

/** A reason not to start, in words for whoever typed `npm start`. */
class CannotStart extends Error {
  override readonly name = 'CannotStart'
}

const children = createChildren()
let server: RunningServer | undefined
let stopping = false

async function main(): Promise<void> {
  if (process.env.NODE_ENV === 'production')
    throw new CannotStart('npm start makes demonstration data. In production use: npm run serve')
  const port = await freePort('PORT', 4000)
  const websitePort = await freePort('WEBSITE_PORT', 3000)
  if (port === websitePort) throw new CannotStart('PORT and WEBSITE_PORT must differ.')

  server = await startServer({ LOG_LEVEL: 'warn', ...process.env, PORT: String(port) })
  const { issuer, databaseUrl } = server.deps.config
  const website = `http://localhost:${websitePort}`
  const file = sampleFile(databaseUrl)
  const sample = await readOrRegister(server.deps, file, website)

  await startWebsite(issuer, websitePort, sample)
  printWelcome(issuer, website)
  const signedIn = await signInOnce(issuer, website, sample)

  if (stopping) return
  if (process.argv.includes('--once')) return stop(signedIn ? 0 : 1)
  printByHand({ issuer, website, file, sample, adminKey: server.adminKey })
}

async function freePort(name: string, otherwise: number): Promise<number> {
  const port = Number(process.env[name] || otherwise)
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    throw new CannotStart(`${name} must be a port from 1 to 65535, not ${process.env[name]}.`)
  if (await isTaken(port)) throw new CannotStart(`Port ${port} is taken. Stop what runs there, or set ${name}.`)
  return port
}

async function startWebsite(issuer: string, port: number, { client }: Sample): Promise<void> {
  const env = {
    PORT: String(port),
    ISSUER: issuer,
    CLIENT_ID: client.client_id,
    CLIENT_SECRET: client.client_secret,
  }
  // The channel tells the website when this process is gone, even if it was killed.
  const child = children.start(WEBSITE, [], env, ['ignore', 'ignore', 'inherit', 'ipc'])
  if (!(await isUp(child, `http://localhost:${port}/health`)) && !stopping)
    throw new CannotStart('The sample website did not start; the reason is above.')
  child.once('exit', () => {
    if (!stopping) console.error('The sample website has stopped. Press Ctrl-C and start again.')
  })
}

async function signInOnce(issuer: string, website: string, sample: Sample): Promise<boolean> {
  const steps: Step[] = []
  const end = await runAgent(children, { issuer, website, sample }, (step) => {
    steps.push(step)
    printStep(step)
  })
  if (end.ok) printSignedIn(end.greeting ?? '', steps)
  else if (!stopping) printFailed(end)
  return end.ok
}

async function stop(status: number): Promise<void> {
  // Ctrl-C reaches us twice: from the terminal, and passed on by npm.
  if (stopping) return
  stopping = true
  setTimeout(() => process.exit(status), STOP_WITHIN_MS).unref()
  await Promise.allSettled([children.stop(), server?.close()])
  process.exit(status)
}

function explain(error: unknown): string {
  if (error instanceof ConfigError) return ['The configuration has faults:', ...error.faults].join('\n  ')
  if (error instanceof CannotStart) return error.message
  return `Cannot start: ${error instanceof Error ? error.message : error}\n\`npm run doctor\` looks for the cause.`
}

process.on('SIGINT', () => stop(0))
process.on('SIGTERM', () => stop(0))
process.on('SIGHUP', () => stop(0))

try {
  await main()
} catch (error) {
  console.error(explain(error))
  await stop(1)
}
