import { ConfigError } from './config.ts'

/** Tells the person at the terminal why a process cannot start, and what to do. */
export function explain(error: unknown): void {
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
