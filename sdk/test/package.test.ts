import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)
const ROOT = new URL('../../', import.meta.url).pathname
const MODULES = join(ROOT, 'node_modules')

/** An application that has installed the package as it would be published, and what it depends on, and nothing else. */
let application: string
beforeAll(async () => {
  application = mkdtempSync(join(tmpdir(), 'auth-agent-sdk-'))
  const { stdout } = await run('npm', ['pack', '--workspace', 'sdk', '--pack-destination', application, '--json'], {
    cwd: ROOT,
  })
  const tarball = /auth-agent-sdk-[\d.]+\.tgz/.exec(stdout)?.[0] ?? ''
  const installed = join(application, 'node_modules/@auth-agent/sdk')
  mkdirSync(installed, { recursive: true })
  await run('tar', ['-xzf', join(application, tarball), '-C', installed, '--strip-components=1'])
  const { dependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
  for (const name of Object.keys(dependencies)) {
    const link = join(application, 'node_modules', name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join(MODULES, name), link)
  }
  writeFileSync(join(application, 'package.json'), '{"type":"module"}')
  writeFileSync(
    join(application, 'consumer.ts'),
    `import { createAuthAgent, createSelection, mastraMiddleware, type AnswerDetails } from '@auth-agent/sdk/ai'
const authAgent = createAuthAgent({ baseURL: 'https://auth.example/v1', apiKey: async () => 'key' })
const selection = createSelection({ provider: 'acme', model: 'gpt-5' })
const named: string = authAgent.selected(selection).modelId
const details: AnswerDetails = { costCents: 1 }
// @ts-expect-error A cost is a number.
details.costCents = 'one'
console.log([named, typeof mastraMiddleware({ issuer: 'https://auth.example' }), details.costCents].join(' '))
`,
  )
})
afterAll(() => rmSync(application, { recursive: true, force: true }))

test('what is published runs in plain Node', async () => {
  const { stdout } = await run(process.execPath, ['consumer.ts'], { cwd: application })
  expect(stdout.trim()).toBe('acme/gpt-5 function one')
})

test.each(['nodenext', 'bundler'])(
  'what is published has its types, by %s, and none that are wrong',
  async (resolution) => {
    const module = resolution === 'bundler' ? 'preserve' : resolution
    const options = ['--module', module, '--moduleResolution', resolution, '--target', 'es2024', '--types', '']
    const typed = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', ...options, 'consumer.ts']
    const { stdout } = await run(join(MODULES, '.bin/tsc'), typed, { cwd: application }).catch((failed) => failed)
    expect(stdout).toBe('')
  },
)
