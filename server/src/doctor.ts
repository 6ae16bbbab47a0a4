import { accessSync, constants, existsSync, mkdirSync, statfsSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { type Config, ConfigError, readConfig } from './config.ts'
import { createKeyRing } from './crypto/key-ring.ts'
import { createRandom } from './crypto/random.ts'
import { sealedFor } from './identity/signing-keys.ts'
import { dataDirectory, masterKeysFile, openMasterKeys } from './master-keys.ts'
import { type Database, noChain } from './storage/database.ts'
import { openDatabase, sqlitePath } from './storage/open.ts'
import { listSigningKeys } from './storage/signing-keys.ts'

/** `npm run doctor`: what is wrong with this installation, and what to do about it. Changes nothing. Exit status 1 when something is wrong. */
type Finding = { ok: boolean; what: string; todo?: string }

const MIN_FREE_BYTES = 512 * 1024 * 1024

const findings: Finding[] = [checkNode()]
try {
  const config = readConfig(process.env)
  findings.push({ ok: true, what: `The configuration is valid; the issuer is ${config.issuer}` })
  findings.push(
    ...checkIssuer(config),
    checkMasterKeys(config),
    ...checkMail(config),
    checkDisk(config),
    await checkPort(config),
  )
  findings.push(...(await checkDatabase(config)))
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  for (const fault of error.faults)
    findings.push({ ok: false, what: fault, todo: 'set the variable, or unset it for its default' })
}

for (const { ok, what, todo } of findings) {
  console.log(`${ok ? '  ok ' : 'FAULT'}  ${what}`)
  if (!ok && todo) console.log(`       -> ${todo}`)
}
const faults = findings.filter(({ ok }) => !ok).length
console.log(faults === 0 ? '\nNothing is wrong.' : `\n${faults} ${faults === 1 ? 'thing is' : 'things are'} wrong.`)
process.exitCode = faults === 0 ? 0 : 1

function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const ok = major > 22 || (major === 22 && minor >= 18)
  return {
    ok,
    what: `Node.js ${process.versions.node}`,
    todo: 'start with npm run, which brings Node 24 along, or install 22.18 or later',
  }
}

function checkIssuer({ issuer, production }: Config): Finding[] {
  if (!production || issuer.startsWith('https:')) return []
  return [
    {
      ok: false,
      what: `The issuer ${issuer} is on loopback in production`,
      todo: 'set ISSUER to the public https URL',
    },
  ]
}

function checkMasterKeys(config: Config): Finding {
  if (config.masterKeys) return { ok: true, what: `${config.masterKeys.length} master key(s) from MASTER_KEYS` }
  const file = masterKeysFile(config)
  if (!existsSync(file)) return { ok: true, what: `No master keys yet; the first start makes ${file}` }
  const open = (statSync(file).mode & 0o077) !== 0
  return {
    ok: !open,
    what: `The master keys are in ${file}${open ? ', which others can read' : ''}`,
    todo: `chmod 600 ${file}`,
  }
}

function checkMail({ agentMail, production }: Config): Finding[] {
  if (agentMail) return [{ ok: true, what: `Mail is delivered by ${new URL(agentMail.baseUrl).host}` }]
  if (!production) return [{ ok: true, what: 'Mail stays in the development inbox' }]
  return [
    {
      ok: false,
      what: 'No mail service is configured: nobody can confirm an address or set a new password',
      todo: 'set AGENTMAIL_API_KEY',
    },
  ]
}

function checkDisk(config: Config): Finding {
  const directory = dataDirectory(config)
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    accessSync(directory, constants.W_OK)
    const { bavail, bsize } = statfsSync(directory)
    const free = bavail * bsize
    return {
      ok: free > MIN_FREE_BYTES,
      what: `${Math.round(free / 1024 / 1024)} MB are free at ${directory}`,
      todo: 'make room: the server stops writing when the disk is full',
    }
  } catch {
    return {
      ok: false,
      what: `${directory} cannot be written`,
      todo: 'give the directory to the user that runs the server',
    }
  }
}

function checkPort({ host, port }: Config): Promise<Finding> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () =>
      resolve({
        ok: false,
        what: `Port ${port} is in use`,
        todo: 'fine if that is this server; else stop what listens there or set PORT',
      }),
    )
    server.listen(port, host, () => server.close(() => resolve({ ok: true, what: `Port ${port} is free` })))
  })
}

async function checkDatabase(config: Config): Promise<Finding[]> {
  const path = config.databaseUrl.startsWith('sqlite:') ? sqlitePath(config.databaseUrl) : undefined
  if (path !== undefined && !existsSync(path))
    return [{ ok: true, what: `No database yet; the first start makes ${path}` }]
  const errors: Error[] = []
  const db = openDatabase(config.databaseUrl, {
    newChain: noChain,
    now: Date.now,
    onError: (error) => errors.push(error),
  })
  try {
    const pending = await db.pendingMigrations()
    if (pending.length > 0)
      return [
        { ok: false, what: `The database lacks ${pending.join(', ')}`, todo: 'npm run migrate, or start the server' },
      ]
    await db.probe()
    return [{ ok: true, what: 'The database answers and is up to date' }, await checkUnseal(config, db)]
  } catch (error) {
    const reason =
      error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error)
    return [
      {
        ok: false,
        what: `The database cannot be used: ${reason}`,
        todo: 'check DATABASE_URL, the server behind it, and its disk',
      },
    ]
  } finally {
    await db.close()
  }
}

/** The signing keys are sealed: opening one proves that the master keys are those of this database. */
async function checkUnseal(config: Config, db: Database): Promise<Finding> {
  const random = createRandom()
  const ring = createKeyRing(openMasterKeys(config, random), random)
  const faults = (await listSigningKeys(db.read)).filter(({ kid, private_sealed }) => {
    try {
      ring.unseal(private_sealed, sealedFor(kid))
      return false
    } catch {
      return true
    }
  })
  return faults.length === 0
    ? { ok: true, what: 'The master keys fit this database' }
    : {
        ok: false,
        what: 'The master keys are not those of this database',
        todo: 'put the MASTER_KEYS back that it was made with',
      }
}
