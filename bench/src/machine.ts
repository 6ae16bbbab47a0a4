import { execFileSync } from 'node:child_process'
import { arch, availableParallelism, cpus, loadavg, platform, release } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { median } from './statistics.ts'

/** What else ran when the bench began: above zero, others had their share of the cores. */
const [loadBefore = 0] = loadavg()
const revision = describeRevision()

export function describeMachine(): string {
  const model = cpus()[0]?.model.trim() || arch()
  return `${model}, ${availableParallelism()} cores, ${platform()} ${release()}, Node ${process.version}, load before ${loadBefore.toFixed(1)}${revision}`
}

/** Which state of the subject was measured; nothing where the sources are no checkout. */
function describeRevision(): string {
  try {
    const git = (...args: string[]) =>
      execFileSync('git', args, {
        cwd: import.meta.dirname,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim()
    const changed = git('status', '--porcelain', '--', '../../server') !== ''
    return `, at ${git('rev-parse', '--short', 'HEAD')}${changed ? ' with changes' : ''}`
  } catch {
    return ''
  }
}

const COMMITS = 300

/** What "durable" costs on this disk, in milliseconds: on one that lies about fsync the peers look better. */
export function commitMs(folder: string): number {
  const db = new DatabaseSync(join(folder, 'commit.db'))
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE row (value TEXT)')
  const insert = db.prepare('INSERT INTO row VALUES (?)')
  const times: number[] = []
  for (let index = 0; index < COMMITS; index++) {
    const start = performance.now()
    insert.run('x'.repeat(400))
    times.push(performance.now() - start)
  }
  db.close()
  return median(times)
}
