import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createDurableSync } from '../src/storage/durable-sync.ts'

test('who waits while one sync runs shares the next, and is not answered by the one that began before', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'auth-agent-sync-'))
  const fd = openSync(join(folder, 'log'), 'w')
  const durable = createDurableSync(fd)
  const ended: string[] = []
  writeSync(fd, 'one')
  const first = durable.sync().then(() => ended.push('first'))
  writeSync(fd, 'two')
  const [second, third] = [durable.sync(), durable.sync()]
  expect(second).toBe(third)
  await Promise.all([first, second.then(() => ended.push('second'))])
  expect(ended).toEqual(['first', 'second'])
  closeSync(fd)
  rmSync(folder, { recursive: true })
})

test('a sync that fails is told to everybody who waited for it', async () => {
  const durable = createDurableSync(2 ** 30)
  const waiting = [durable.sync(), durable.sync(), durable.sync()]
  const outcomes = await Promise.allSettled(waiting)
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
})
