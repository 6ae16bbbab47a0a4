import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'auth-agent-commands-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs one of the commands beside the server, on a database of its own. */
function run(command: string, args: string[] = [], env: Record<string, string> = {}) {
  const script = new URL(`../src/${command}.ts`, import.meta.url).pathname
  const environment = { PORT: '0', DATABASE_URL: `sqlite:${folder}/test.db`, ...env }
  return new Promise<{ status: number; said: string }>((resolve) => {
    execFile(process.execPath, [script, ...args], { env: environment }, (error, stdout, stderr) =>
      resolve({ status: error ? Number(error.code) : 0, said: stdout + stderr }),
    )
  })
}

test('the database is migrated once, and a key is rotated, before any server has run', async () => {
  expect(await run('migrate')).toMatchObject({ status: 0, said: expect.stringContaining('Applied 0001-identity') })
  expect(await run('migrate')).toMatchObject({ status: 0, said: expect.stringContaining('up to date') })
  expect((await run('keys', ['list'])).said.match(/ES256/g)).toHaveLength(1)
  expect((await run('keys', ['rotate'])).said.match(/ES256/g)).toHaveLength(2)
  expect((await run('keys', ['burn'])).status).toBe(1)
})

test('the doctor finds nothing wrong where nothing is', async () => {
  const { status, said } = await run('doctor')
  expect(said).toContain('Nothing is wrong')
  expect(said).toContain('The master keys fit this database')
  expect(status).toBe(0)
})

test('the doctor names every fault of the configuration at once, and what to do', async () => {
  const { status, said } = await run('doctor', [], { PORT: 'abc', ISSUER: 'http://auth.example' })
  expect(status).toBe(1)
  expect(said).toMatch(/FAULT +PORT/)
  expect(said).toMatch(/FAULT +ISSUER/)
  expect(said).toContain('2 things are wrong')
})

test('the doctor sees keys that others can read, and keys of another database', async () => {
  chmodSync(join(folder, 'master.keys'), 0o644)
  const readable = await run('doctor')
  chmodSync(join(folder, 'master.keys'), 0o600)
  expect(readable).toMatchObject({ status: 1, said: expect.stringContaining('chmod 600') })

  const foreign = await run('doctor', [], { MASTER_KEYS: `m1:${Buffer.alloc(32, 9).toString('base64')}` })
  expect(foreign).toMatchObject({ status: 1, said: expect.stringContaining('not those of this database') })
})
