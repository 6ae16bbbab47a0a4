import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { type Config, readMasterKeys } from './config.ts'
import type { MasterKey } from './crypto/key-ring.ts'
import type { Random } from './crypto/random.ts'
import { sqlitePath } from './storage/open.ts'

/** Where this installation keeps what is not in the database: beside the SQLite file, else ./data. */
export function dataDirectory({ databaseUrl }: Pick<Config, 'databaseUrl'>): string {
  const path = databaseUrl.startsWith('sqlite:') ? sqlitePath(databaseUrl) : ''
  return path === '' || path === ':memory:' ? resolve('data') : dirname(resolve(path))
}

export function masterKeysFile(config: Pick<Config, 'databaseUrl'>): string {
  return join(dataDirectory(config), 'master.keys')
}

/** The master keys of the environment, else of the file that the first start makes (0600). In memory, fresh ones. */
export function openMasterKeys(config: Config, random: Random): MasterKey[] {
  if (config.masterKeys) return config.masterKeys
  if (config.databaseUrl === 'sqlite::memory:') return [{ id: 'm1', key: random(32) }]
  const file = masterKeysFile(config)
  if (!existsSync(file)) makeKeysFile(file, random)
  return readMasterKeys(readFileSync(file, 'utf8'))
}

/** Written aside and linked into place, so that of several processes that start at once one wins, whole. */
function makeKeysFile(file: string, random: Random): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const draft = `${file}.${random(6).toString('hex')}`
  writeFileSync(draft, `m1:${random(32).toString('base64')}\n`, { mode: 0o600 })
  chmodSync(draft, 0o600)
  try {
    linkSync(draft, file)
  } catch (error) {
    if (!existsSync(file)) throw error
  } finally {
    rmSync(draft)
  }
}
