import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')

/** How a run of the test command ends whose only test is this one, with the database that all tests have. */
function runOf(body: string): Promise<number | string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'auth-agent-suite-'))
  const vitest = join(ROOT, 'node_modules/vitest')
  writeFileSync(
    join(folder, 'one.test.js'),
    `import { expect, test } from ${JSON.stringify(join(vitest, 'dist/index.js'))}\ntest('one', () => {${body}})\n`,
  )
  const config = { root: folder, test: { globalSetup: [join(ROOT, 'server/test/postgres.setup.ts')] } }
  writeFileSync(join(folder, 'vitest.config.js'), `export default ${JSON.stringify(config)}\n`)
  return new Promise((resolve) => {
    execFile(process.execPath, [join(vitest, 'vitest.mjs'), 'run'], { cwd: folder, timeout: 80_000 }, (error) => {
      rmSync(folder, { recursive: true, force: true })
      resolve(error ? (error.code ?? error.signal ?? undefined) : 0)
    })
  })
}

test('a run in which a test fails, fails', async () => {
  expect(await Promise.all([runOf('expect(1).toBe(1)'), runOf('expect(1).toBe(2)')])).toEqual([0, 1])
}, 90_000)
