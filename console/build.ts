import { createHash } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const CONSOLE = dirname(fileURLToPath(import.meta.url))
const DIST = join(CONSOLE, 'dist')
const MARK = '.build'

/** Beside `dist`, since a rename does not leave its file system, and where git and the linter do not look. */
const WORKSHOP = join(CONSOLE, 'node_modules')

/** Everything that decides what the bundle holds. The lock file names the exact dependencies. */
const SOURCES = ['src', 'index.html', 'vite.config.ts', 'build.ts', 'package.json', '../package-lock.json']

/** Builds the console unless `console/dist` is already the build of these very sources. */
export async function buildConsole({ force = false } = {}): Promise<'built' | 'current'> {
  const digest = await sourcesDigest()
  if (!force && (await builtDigest()) === digest) return 'current'

  await mkdir(WORKSHOP, { recursive: true })
  const fresh = await mkdtemp(join(WORKSHOP, '.console-'))
  try {
    await bundle(fresh)
    await writeFile(join(fresh, MARK), digest)
    // Folders for temporary files are their maker's alone; another user may serve this one.
    await chmod(fresh, 0o755)
    await install(fresh, digest, force)
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
  return 'built'
}

async function bundle(folder: string): Promise<void> {
  await build({
    configFile: join(CONSOLE, 'vite.config.ts'),
    mode: 'production',
    logLevel: 'warn',
    build: { outDir: folder, emptyOutDir: true },
  })
}

/**
 * A folder with files cannot be renamed over: the old one steps aside first. Of two processes that build at once, the
 * one whose rename finds the other's folder in place takes that, for it is the build of the same sources.
 */
async function install(fresh: string, digest: string, force: boolean): Promise<void> {
  if (!force && (await builtDigest()) === digest) return
  const old = await mkdtemp(join(WORKSHOP, '.console-old-'))
  await rename(DIST, join(old, 'dist')).catch(ignoreMissing)
  try {
    await rename(fresh, DIST)
  } catch (error) {
    if ((await builtDigest()) !== digest) throw error
  } finally {
    await rm(old, { recursive: true, force: true })
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}

async function builtDigest(): Promise<string | undefined> {
  return readFile(join(DIST, MARK), 'utf8').catch(() => undefined)
}

async function sourcesDigest(): Promise<string> {
  const hash = createHash('sha256')
  for (const file of await sourceFiles()) {
    hash.update(`${relative(CONSOLE, file)}\0`)
    hash.update(
      createHash('sha256')
        .update(await readFile(file))
        .digest(),
    )
  }
  return hash.digest('hex')
}

async function sourceFiles(): Promise<string[]> {
  const found = await Promise.all(SOURCES.map((path) => filesAt(join(CONSOLE, path))))
  return found.flat().sort()
}

async function filesAt(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true, recursive: true }).catch(() => undefined)
  if (!entries) return [path]
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const started = performance.now()
  const outcome = await buildConsole({ force: process.argv.includes('--force') })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(outcome === 'built' ? `The console was built in ${seconds} s` : 'The console is built already')
}
