import { closeSync, existsSync, type FSWatcher, mkdirSync, openSync, statSync, utimes, watch } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { Kysely } from 'kysely'
import { createTurnBatch } from '../resilience/turn-batch.ts'
import { insertAuditEvents } from './audit-events.ts'
import {
  type AuditEntry,
  type Database,
  DatabaseUnavailableError,
  type Db,
  migrateToLatest,
  missingMigrations,
  type NewChain,
  type WriteOptions,
} from './database.ts'
import { createDurableSync } from './durable-sync.ts'
import { migrationsFor } from './migrations/index.ts'
import { NodeSqliteDialect } from './node-sqlite-dialect.ts'
import type { Schema } from './schema.ts'
import { writeProbe } from './settings.ts'
import { createTopics, type Topics } from './topics.ts'
import { isUnavailable } from './unavailable.ts'

type Unit = Parameters<Database['write']>[0]

interface Job {
  unit: Unit
  until: NonNullable<WriteOptions['until']>
  resolve(value: unknown): void
  reject(error: unknown): void
}

interface Done {
  job: Job
  value: unknown
  entries: AuditEntry[]
  topics: string[]
}

/** How long a writer waits for another process's lock before it gives up. */
const LOCK_PATIENCE_MS = 5000
const LOCK_RETRY_MS = 5
/** SQLite's own wait blocks the whole event loop: long enough for a commit next door, no longer. */
const BUSY_TIMEOUT_MS = 3

/**
 * SQLite in this process. One handle reads what is committed, the other writes; all writes of one turn of the event loop
 * share a transaction, each under its own savepoint, and are answered once its commit is durable: the write-ahead log is
 * synced by us, off the event loop, rather than by SQLite inside the commit (decision 1).
 */
export function openSqlite(
  path: string,
  newChain: NewChain,
  now: () => number,
  onError: (error: Error) => void,
): Database {
  const inMemory = path === ':memory:'
  const file = inMemory ? path : resolve(path)
  if (!inMemory) mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  // Its WAL takes the same mode: for us alone.
  if (!inMemory) closeSync(openSync(file, 'a', 0o600))
  const writer = openHandle(file)
  // A database in memory belongs to one handle: there, reads see the open transaction too.
  const reader = inMemory ? writer : openHandle(file, true)
  const inode = inMemory ? undefined : statSync(file).ino
  const wal = inMemory ? undefined : openSync(`${file}-wal`, 'r+')
  const durable = wal === undefined ? undefined : createDurableSync(wal)

  const read: Db = new Kysely<Schema>({ dialect: new NodeSqliteDialect(reader) })
  const trx: Db = inMemory ? read : new Kysely<Schema>({ dialect: new NodeSqliteDialect(writer) })
  const migrations = migrationsFor('sqlite')
  const chain = newChain()
  /** Why this process may not write any more. */
  let failure: unknown
  const statements = transactionStatements(writer)
  const batch = createTurnBatch(runBatch)

  async function runBatch(jobs: Job[]) {
    let done: Done[] = []
    try {
      if (failure !== undefined) throw failure
      await begin()
      done = await runUnits(jobs)
      await insertAuditEvents(trx, chain.extend(done.flatMap(({ entries }) => entries)))
      for (const topic of toldBy(done)) await trx.insertInto('change_feed').values({ topic, at: now() }).execute()
      statements.commit.run()
      chain.commit()
    } catch (cause) {
      chain.rollback()
      if (writer.isTransaction) statements.rollback.run()
      for (const job of jobs) job.reject(unavailable(cause))
      return
    }
    answer(done)
  }

  /** Commits go on while the disk works; who wants it durable is not told of one before it is. */
  async function answer(all: Done[]) {
    const done = all.filter(({ job }) => job.until === 'durable')
    for (const { job, value } of all) if (job.until === 'committed') job.resolve(value)
    try {
      if (done.length > 0) await durable?.sync()
    } catch (cause) {
      // What a failed sync leaves of the log nobody knows; a later one may succeed without those pages. Nothing may be built
      // on it: this process writes no more, says so at /ready, and a new one begins from what is on the disk.
      failure ??= cause
      for (const { job } of done) job.reject(unavailable(cause))
      return
    }
    for (const { job, value } of done) job.resolve(value)
    const told = toldBy(all)
    if (told.size > 0) feed?.ring()
    for (const topic of told) topics.publish(topic)
  }

  /** A lock of another process is waited for between turns, so that reads, health and time limits go on. */
  async function begin() {
    const giveUpAt = performance.now() + LOCK_PATIENCE_MS
    for (;;) {
      try {
        statements.begin.run()
        return
      } catch (error) {
        if (!isBusy(error) || performance.now() > giveUpAt) throw error
      }
      await sleep(LOCK_RETRY_MS)
    }
  }

  async function runUnits(jobs: Job[]): Promise<Done[]> {
    const done: Done[] = []
    for (const job of jobs) {
      const entries: AuditEntry[] = []
      const topics: string[] = []
      statements.savepoint.run()
      try {
        const value = await job.unit({
          trx,
          record: (entry) => entries.push(entry),
          notify: (topic) => topics.push(topic),
        })
        done.push({ job, value, entries, topics })
      } catch (error) {
        // A full disk ends the whole transaction, and with it everybody's work.
        if (!writer.isTransaction) throw error
        statements.rollbackTo.run()
        job.reject(isUnavailable(error) ? unavailable(error) : error)
      }
      statements.release.run()
    }
    return done
  }

  const feed = inMemory ? undefined : createFeed(file, writer, read, onError)
  const topics: Topics = createTopics(feed?.start, feed?.stop)
  feed?.connect(topics)

  const write: Database['write'] = (unit, { until = 'durable' } = {}) =>
    new Promise((resolve, reject) => batch.submit({ unit, until, resolve, reject } as Job))

  return {
    dialect: 'sqlite',
    read,
    write,
    subscribe: topics.subscribe,
    migrate: () => withPatience(writer, () => migrateToLatest(trx, migrations)),
    pendingMigrations: () => missingMigrations(read, migrations),
    async probe() {
      if (inode !== undefined && (!existsSync(file) || statSync(file).ino !== inode))
        throw new DatabaseUnavailableError('The database file is gone')
      // A row of the largest table: a file may be broken in one place and whole in another.
      await read.selectFrom('audit_event').select('hash').limit(1).execute()
      await write(({ trx }) => writeProbe(trx, String(now())))
    },
    async close() {
      await batch.idle()
      await durable?.sync()
      feed?.stop()
      if (wal !== undefined) closeSync(wal)
      if (reader !== writer) reader.close()
      writer.close()
    },
  }
}

/** What a commit tells of, each once: under load, many sign-ins are of one organization. */
function toldBy(done: readonly { topics: string[] }[]): Set<string> {
  return new Set(done.flatMap(({ topics }) => topics))
}

function openHandle(file: string, readOnly = false): DatabaseSync {
  const handle = new DatabaseSync(file, { readOnly })
  handle.exec(`pragma busy_timeout = ${LOCK_PATIENCE_MS}`)
  if (!readOnly) handle.exec('pragma journal_mode = wal; pragma synchronous = normal; pragma wal_autocheckpoint = 4000')
  handle.exec('pragma foreign_keys = on; pragma cache_size = -65536; pragma temp_store = memory')
  handle.exec(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}`)
  return handle
}

function transactionStatements(handle: DatabaseSync) {
  return {
    begin: handle.prepare('begin immediate'),
    commit: handle.prepare('commit'),
    rollback: handle.prepare('rollback'),
    savepoint: handle.prepare('savepoint unit'),
    release: handle.prepare('release unit'),
    rollbackTo: handle.prepare('rollback to unit'),
  }
}

/** Before anybody is served, waiting inside SQLite is simplest. */
async function withPatience<T>(handle: DatabaseSync, task: () => Promise<T>): Promise<T> {
  handle.exec(`pragma busy_timeout = ${6 * LOCK_PATIENCE_MS}`)
  try {
    return await task()
  } finally {
    handle.exec(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}`)
  }
}

function unavailable(cause: unknown): DatabaseUnavailableError {
  return new DatabaseUnavailableError('Cannot write to the database', { cause })
}

/** SQLITE_BUSY and its kin (primary result code 5). */
function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === 5
}

/** A file system that does not tell of changes is asked this often, and only while somebody waits. */
const FEED_FALLBACK_MS = 1000

/**
 * Hears of other processes' commits: who has told something touches a file that the others watch, and the table says what.
 * The touch comes after the commit, so that what it tells of can be read; a write to the WAL comes before.
 */
function createFeed(file: string, writer: DatabaseSync, read: Db, onError: (error: Error) => void) {
  const bell = `${file}-feed`
  closeSync(openSync(bell, 'a', 0o600))
  let topics: Topics | undefined
  let watcher: FSWatcher | undefined
  let timer: NodeJS.Timeout | undefined
  let seen = 0
  let looking = false
  // Counts the commits of others: this handle's own do not change it.
  const dataVersion = writer.prepare('pragma data_version')
  const currentVersion = () => Number(Object.values(dataVersion.get() ?? {})[0])
  let version = 0

  /** A look that fails is not repeated at once; the timer looks again. */
  function look() {
    try {
      const current = currentVersion()
      if (current === version || looking) return
      version = current
    } catch (error) {
      onError(error as Error)
      return
    }
    looking = true
    readFeed().then(
      () => {
        looking = false
        // What was committed while we read woke nobody.
        look()
      },
      (error: Error) => {
        looking = false
        version = -1
        onError(error)
      },
    )
  }

  async function readFeed() {
    const rows = await read.selectFrom('change_feed').selectAll().where('seq', '>', seen).orderBy('seq').execute()
    for (const { seq, topic } of rows) {
      seen = seq
      topics?.publish(topic)
    }
  }

  return {
    connect(to: Topics) {
      topics = to
    },
    ring() {
      const now = new Date()
      // Whoever cannot be woken looks by itself, a little later.
      utimes(bell, now, now, () => {})
    },
    start() {
      const last = writer.prepare('select max(seq) as seq from change_feed').get()
      seen = Number(last?.seq ?? 0)
      version = currentVersion()
      watcher = watch(bell, look)
      watcher.on('error', () => watcher?.close())
      watcher.unref()
      timer = setInterval(look, FEED_FALLBACK_MS)
      timer.unref()
    },
    stop() {
      watcher?.close()
      clearInterval(timer)
    },
  }
}
