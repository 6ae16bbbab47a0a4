import { execFile } from 'node:child_process'
import { lstat, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Browser, chromium, type LaunchOptions } from 'playwright-core'

/** What a browser needs of our environment; an agent's secret is not among it. */
const PASSED_ON = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'TMP', 'LANG', 'TZ', 'SystemRoot', 'LOCALAPPDATA']

/** A real, headless Chromium: the one `CHROME_PATH` names, else npm's, else the Chrome of this machine. */
export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    headless: true,
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
    ...(await chooseBrowser()),
  })
}

async function chooseBrowser(): Promise<LaunchOptions> {
  const env = pick(process.env, PASSED_ON)
  if (process.env.CHROME_PATH) return { executablePath: process.env.CHROME_PATH, env }
  if (process.platform !== 'linux' || process.arch !== 'x64') return { channel: 'chrome', env }

  const folder = await unpackedChromium()
  return {
    executablePath: join(folder, 'chromium'),
    env: { ...env, LD_LIBRARY_PATH: join(folder, 'al2023/lib'), FONTCONFIG_FILE: join(folder, 'fonts/fonts.conf') },
  }
}

/**
 * npm's Chromium comes packed and unpacks itself to a fixed place, which two processes at once would spoil for each
 * other. So each unpacks in a folder of its own, and a rename, which is atomic, decides whose folder everyone uses.
 */
async function unpackedChromium(): Promise<string> {
  const folder = join(tmpdir(), `auth-agent-chromium-${await chromiumVersion()}-${process.getuid?.()}`)
  if (await isOurs(folder)) return folder

  const fresh = await mkdtemp(`${folder}-`)
  try {
    await unpack(fresh)
    await useOwnFonts(fresh, folder)
    await rename(fresh, folder)
  } catch (error) {
    await rm(fresh, { recursive: true, force: true })
    if (!(await isOurs(folder))) throw error
  }
  return folder
}

async function chromiumVersion(): Promise<string> {
  const entry = fileURLToPath(import.meta.resolve('@sparticuz/chromium'))
  const manifest = await readFile(join(entry, '../../package.json'), 'utf8')
  return JSON.parse(manifest).version
}

/** The folder for temporary files is everyone's: what another user put there, we do not run. */
async function isOurs(folder: string): Promise<boolean> {
  const found = await lstat(folder).catch(() => undefined)
  if (!found) return false
  if (found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0) return true
  throw new Error(`${folder} is not a folder of ours. Remove it, or set CHROME_PATH to a Chromium of your own.`)
}

/** In a process of its own, because only TMPDIR says where the package unpacks to. */
async function unpack(folder: string): Promise<void> {
  const script = `import chromium from '@sparticuz/chromium'; await chromium.executablePath()`
  await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: import.meta.dirname,
    env: { ...pick(process.env, PASSED_ON), TMPDIR: folder, AWS_LAMBDA_JS_RUNTIME: 'nodejs22.x' },
  })
}

/** The fonts.conf that is delivered names another folder. */
async function useOwnFonts(fresh: string, folder: string): Promise<void> {
  const directories = [join(folder, 'fonts'), '/usr/share/fonts'].map((path) => `<dir>${path}</dir>`).join('')
  const cache = `<cachedir>${join(folder, 'fonts-cache')}</cachedir>`
  const doctype = '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">'
  await writeFile(join(fresh, 'fonts/fonts.conf'), `${doctype}<fontconfig>${directories}${cache}</fontconfig>\n`)
}

function pick(env: NodeJS.ProcessEnv, names: string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])))
}
