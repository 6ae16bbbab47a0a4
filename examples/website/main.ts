import { serve } from '@hono/node-server'
import { ConfigError, readConfig } from './config.ts'
import { createSite } from './site.ts'

function start(): void {
  const config = readConfig(process.env)
  const server = serve({ fetch: createSite(config).fetch, port: config.port, hostname: config.host })
  server.on('listening', () => console.log(`Fieldnotes is at ${config.baseUrl.origin}`))
  server.on('error', (error: NodeJS.ErrnoException) => fail(explain(error, config.port)))

  const stop = () => {
    server.close(() => process.exit(0))
    setTimeout(() => process.exit(0), 2000).unref()
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  // Started by another process over IPC: when it is gone, however it went, so are we.
  process.on('disconnect', stop)
}

function explain(error: NodeJS.ErrnoException, port: number): string {
  if (error.code === 'EADDRINUSE') return `Port ${port} is taken. Stop what runs there or set PORT.`
  return `The website cannot listen: ${error.message}`
}

function fail(message: string): never {
  console.error(message)
  process.exit(1)
}

try {
  start()
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  fail(error.message)
}
