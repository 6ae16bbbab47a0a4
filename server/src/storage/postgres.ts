import { setTimeout as sleep } from 'node:timers/promises'
import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { insertAuditEvents } from './audit-events.ts'
import {
  type AuditEntry,
  type Chain,
  type Database,
  DatabaseUnavailableError,
  type Db,
  migrateToLatest,
  missingMigrations,
  type NewChain,
} from './database.ts'
import { migrationsFor } from './migrations/index.ts'
import type { Schema } from './schema.ts'
import { writeProbe } from './settings.ts'
import { createTopics, type Topics } from './topics.ts'
import { isUnavailable } from './unavailable.ts'

const CHANNEL = 'auth_agent'
const POOL_SIZE = 10
const CONNECT_TIMEOUT_MS = 5000
const STATEMENT_TIMEOUT_MS = 15_000
const INT8_OID = 20

/**
 * Postgres. Each transaction has its own connection and its own chain of the audit log, so that no two wait for each
 * other's events; notices travel by LISTEN/NOTIFY.
 */
export function openPostgres(url: string, newChain: NewChain, onError: (error: Error) => void): Database {
  const settings: pg.PoolConfig = {
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    types: { getTypeParser: parserOf as typeof pg.types.getTypeParser },
  }
  const pool = new pg.Pool({ ...settings, max: POOL_SIZE })
  pool.on('error', onError)
  // The pool listens to idle clients only; one that breaks between two queries of a transaction would end the process.
  pool.on('connect', (client) => client.on('error', onError))
  const read: Db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
  const migrations = migrationsFor('postgres')
  const freeChains: Chain[] = []
  const topics = createTopics()
  const listener = listen(settings, topics, onError)

  const write: Database['write'] = async (unit) => {
    const chain = freeChains.pop() ?? newChain()
    const entries: AuditEntry[] = []
    const told = new Set<string>()
    let committing = false
    try {
      const value = await read.transaction().execute(async (trx) => {
        const value = await unit({ trx, record: (entry) => entries.push(entry), notify: (topic) => told.add(topic) })
        await insertAuditEvents(trx, chain.extend(entries))
        for (const topic of told) await sql`select pg_notify(${CHANNEL}, ${topic})`.execute(trx)
        committing = true
        return value
      })
      chain.commit()
      freeChains.push(chain)
      for (const topic of told) topics.publish(topic)
      return value
    } catch (error) {
      // A commit whose answer was lost may stand: only the database knows, so that chain is never continued.
      if (!committing) {
        chain.rollback()
        freeChains.push(chain)
      }
      throw isUnavailable(error)
        ? new DatabaseUnavailableError('Cannot write to the database', { cause: error })
        : error
    }
  }

  return {
    dialect: 'postgres',
    read,
    write,
    subscribe: topics.subscribe,
    migrate: () => migrateToLatest(read, migrations),
    pendingMigrations: () => missingMigrations(read, migrations),
    probe: () => write(({ trx }) => writeProbe(trx, '')),
    async close() {
      await listener.close()
      await read.destroy()
    },
  }
}

/** node-postgres leaves `bigint` as text; ours are milliseconds and counts, far below 2^53. */
function parserOf(oid: number, format?: string) {
  if (oid === INT8_OID) return Number
  return pg.types.getTypeParser(oid, format as 'text')
}

const RECONNECT_MS = 500

/** A connection that only listens. While it is away notices are lost, so everybody looks again when it is back. */
function listen(settings: pg.ClientConfig, topics: Topics, onError: (error: Error) => void) {
  let client: pg.Client | undefined
  const closing = new AbortController()

  async function connect(): Promise<void> {
    while (!closing.signal.aborted) {
      const next = new pg.Client({ ...settings, keepAlive: true })
      next.on('error', onError)
      try {
        await next.connect()
        next.on('notification', ({ payload }) => payload && topics.publish(payload))
        await next.query(`listen ${CHANNEL}`)
        next.once('end', () => connect())
        client = next
        topics.publishAll()
        return
      } catch {
        await next.end().catch(() => {})
        await sleep(RECONNECT_MS, undefined, { signal: closing.signal }).catch(() => {})
      }
    }
  }

  const connected = connect()
  return {
    async close() {
      closing.abort()
      await connected
      await client?.end().catch(() => {})
    },
  }
}
