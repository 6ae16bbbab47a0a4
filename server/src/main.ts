import { ConfigError } from './config.ts'
import { startServer } from './server.ts'

/** The process: `npm run serve`. */
try {
  const server = await startServer(process.env)
  if (server.adminKey !== undefined)
    console.log(`\n  Admin key, shown this once (set ADMIN_API_KEY to choose your own):\n\n    ${server.adminKey}\n`)
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => {
      server.deps.log.info({ signal }, 'draining')
      server.close().then(() => process.exit(0))
    })
} catch (error) {
  explain(error)
  process.exit(1)
}

function explain(error: unknown): void {
  if (error instanceof ConfigError) {
    console.error(`${error.message}:`)
    for (const fault of error.faults) console.error(`  - ${fault}`)
  } else if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    console.error('The port is in use: stop what listens there, or choose another with PORT')
  } else {
    console.error('Cannot start:', error instanceof Error ? error.message : error)
    console.error('`npm run doctor` looks for the cause')
  }
}
