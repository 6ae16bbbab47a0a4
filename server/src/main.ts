import { explain } from './explain.ts'
import { startServer } from './server.ts'

/** The process: `npm run serve`, or `npm run serve -- --only gateway|broker`. */
try {
  const server = await startServer(process.env, {}, process.argv.slice(2))
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
