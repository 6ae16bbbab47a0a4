import { readConfig } from './config.ts'
import { explain } from './explain.ts'
import { noChain } from './storage/database.ts'
import { openDatabase } from './storage/open.ts'

/** `npm run migrate`: brings the database up to date without starting the server, which does the same by itself. */
try {
  const { databaseUrl } = readConfig(process.env)
  const onError = (error: Error) => console.error(error.message)
  const db = openDatabase(databaseUrl, { newChain: noChain, now: Date.now, onError })
  const applied = await db.migrate().finally(() => db.close())
  console.log(applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.join(', ')}.`)
} catch (error) {
  explain(error)
  process.exitCode = 1
}
