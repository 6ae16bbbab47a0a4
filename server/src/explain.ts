import { ConfigError } from './config.ts'
import { UnsealError } from './crypto/key-ring.ts'

/** Tells the person at the terminal why a process cannot start, and what to do. */
export function explain(error: unknown): void {
  if (error instanceof ConfigError) {
    console.error(`${error.message}:`)
    for (const fault of error.faults) console.error(`  - ${fault}`)
  } else if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    console.error('The port is in use: stop what listens there, or choose another with PORT')
  } else if (error instanceof UnsealError) {
    console.error(error.message)
    console.error(
      'MASTER_KEYS are not those that this database was made with: put the old ones back; a new one goes in front of them',
    )
  } else if (isConnectionFailure(error)) {
    console.error(`Cannot reach the database ${databaseHost()}: ${error.code}`)
    console.error('Check DATABASE_URL, and whether the database server runs')
  } else {
    console.error('Cannot start:', error instanceof Error ? error.message : error)
    console.error('`npm run doctor` looks for the cause')
  }
}

const NETWORK_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH'])

/** Of the system, or of a name with several addresses, none of which answered. */
function isConnectionFailure(error: unknown): error is Error & { code: string } {
  return error instanceof Error && 'code' in error && NETWORK_CODES.has(String(error.code))
}

/** Where DATABASE_URL leads, without the password that stands in it. */
function databaseHost(): string {
  const url = process.env.DATABASE_URL ?? ''
  return URL.canParse(url) ? new URL(url).host : ''
}
