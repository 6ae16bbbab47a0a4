import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { operatorPrincipal } from '../../server/src/accounts/admin-key.ts'
import type { Deps, Operator } from '../../server/src/context.ts'
import { createAgent } from '../../server/src/identity/agents.ts'
import { createClient, updateClient } from '../../server/src/identity/clients.ts'
import { findAgent } from '../../server/src/storage/agents.ts'
import { findClient } from '../../server/src/storage/clients.ts'
import { sqlitePath } from '../../server/src/storage/open.ts'

/** The model that the sample agent says it runs on. There is none behind it: it follows a script. */
export const SAMPLE_MODEL = 'sample-model-1'

/** The operator, under the name that the audit log has for what `npm start` registers. */
const starter = (deps: Deps): Operator => ({ ...operatorPrincipal(deps), id: 'system:npm-start' })

/** The credentials of the sample website and of the sample agent, as they stand in `sample.json`. */
export interface Sample {
  client: { client_id: string; client_secret: string }
  agent: { agent_id: string; agent_secret: string }
}

/** Next to the database, because they are good for that database only. */
export function sampleFile(databaseUrl: string): string {
  if (databaseUrl === 'sqlite::memory:') return join(passingFolder(), 'sample.json')
  const folder = databaseUrl.startsWith('sqlite:') ? dirname(sqlitePath(databaseUrl)) : 'data'
  return join(folder, 'sample.json')
}

/** For a database that ends with the process, a folder that does so too. */
function passingFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'auth-agent-sample-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Those of an earlier start, as far as the database still knows them; the rest is registered now. */
export async function readOrRegister(deps: Deps, file: string, website: string): Promise<Sample> {
  const stored = await readSample(file)
  const redirectUri = `${website}/callback`
  const client = (await knownClient(deps, stored?.client, redirectUri)) ?? (await registerClient(deps, redirectUri))
  const agent = (await knownAgent(deps, stored?.agent)) ?? (await registerAgent(deps))
  if (client !== stored?.client || agent !== stored?.agent) await writeSample(file, { client, agent })
  return { client, agent }
}

async function knownClient(deps: Deps, client: Sample['client'] | undefined, redirectUri: string) {
  const row = client && (await findClient(deps.db.read, client.client_id))
  if (!row) return undefined
  // The website may have moved to another port since.
  if (!JSON.parse(row.redirect_uris).includes(redirectUri))
    await updateClient(deps, row.client_id, { redirect_uris: [redirectUri] }, starter(deps))
  return client
}

async function knownAgent({ db }: Deps, agent: Sample['agent'] | undefined) {
  return agent && (await findAgent(db.read, agent.agent_id)) && agent
}

async function registerClient(deps: Deps, redirectUri: string): Promise<Sample['client']> {
  const { client_id, client_secret } = await createClient(
    deps,
    {
      client_name: 'Fieldnotes',
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'client_secret_basic',
    },
    starter(deps),
  )
  if (!client_secret) throw new TypeError('The sample client was made without a secret')
  return { client_id, client_secret }
}

async function registerAgent(deps: Deps): Promise<Sample['agent']> {
  const { agent_id, agent_secret } = await createAgent(
    deps,
    {
      user_email: 'ada@example.com',
      user_name: 'Ada Lovelace',
      agent_name: 'Sample agent',
      model: SAMPLE_MODEL,
      same_browser: 'required',
    },
    starter(deps),
  )
  return { agent_id, agent_secret }
}

async function readSample(file: string): Promise<Partial<Sample> | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  try {
    return text && JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Written beside and renamed, so that a start that is interrupted leaves a whole file. */
async function writeSample(file: string, sample: Sample): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writeFile(`${file}.new`, `${JSON.stringify(sample, null, 2)}\n`, { mode: 0o600 })
  await rename(`${file}.new`, file)
}
