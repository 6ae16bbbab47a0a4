import { generateKeyPairSync } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import { readConfig } from '../src/config.ts'
import { createLogger } from '../src/http/log.ts'
import { openWorld } from '../src/world.ts'
import { DATABASES, freshDatabase, startServer, type TestServer } from './harness.ts'
import { startModelGateway } from './model-gateway.ts'
import { serverEnv } from './spawned-server.ts'

const SECRETS = {
  openai: 'sk-openai-canary-0123456789',
  anthropic: 'sk-ant-canary-0123456789',
  azure: 'azure-canary-0123456789',
  aws: 'aws-canary-0123456789',
}
const LOOPBACK = 'http://127.0.0.1:9'
const ALLOWED = { EGRESS_ALLOW: '127.0.0.1' }
const AZURE = {
  AZURE_OPENAI_ENDPOINT: LOOPBACK,
  AZURE_TOKEN_ENDPOINT: `${LOOPBACK}/token`,
  AZURE_CLIENT_ID: 'id',
  AZURE_CLIENT_SECRET: SECRETS.azure,
  AZURE_SCOPE: 'https://cognitiveservices.azure.com/.default',
}

describe.each(DATABASES)('providers of models from the environment, on %s', (kind) => {
  let server: TestServer | undefined
  afterEach(async () => {
    await server?.stop()
    server = undefined
  })
  const listed = async () => (await server?.admin('GET', '/model-providers'))?.body.data

  test('one for each that is described, in their order, with models and without a secret in sight', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const account = {
      client_email: 'robot@project.example',
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      token_uri: `${LOOPBACK}/token`,
    }
    server = await startServer(kind, {
      ...ALLOWED,
      ...AZURE,
      OPENAI_API_KEY: SECRETS.openai,
      ANTHROPIC_API_KEY: SECRETS.anthropic,
      AWS_BEDROCK_REGION: 'us-east-1',
      AWS_BEDROCK_ENDPOINT: LOOPBACK,
      AWS_BEDROCK_ACCESS_KEY_ID: 'AKIAEXAMPLEEXAMPLE00',
      AWS_BEDROCK_SECRET_ACCESS_KEY: SECRETS.aws,
      GCP_VERTEX_PROJECT: 'project',
      GCP_VERTEX_LOCATION: 'us-central1',
      GCP_VERTEX_ENDPOINT: LOOPBACK,
      GCP_VERTEX_SERVICE_ACCOUNT: JSON.stringify(account),
      CCROUTER_PATH: process.execPath,
      DROID_PATH: process.execPath,
      FACTORY_API_KEY: 'fk-canary-0123456789',
    })
    const made = await listed()
    expect(made.map(({ id, kind, credentials }: Record<string, unknown>) => [id, kind, credentials])).toEqual([
      ['openai', 'openai', ['api_key']],
      ['anthropic', 'anthropic', ['api_key']],
      ['azure', 'azure-openai', ['oauth2']],
      ['bedrock', 'bedrock', ['aws']],
      ['vertex', 'vertex', ['service_account']],
      ['ccrouter', 'ccrouter', []],
      ['droid', 'droid', ['api_key']],
    ])
    const names = (at: number) => made[at].models.map(({ id }: { id: string }) => id)
    expect(names(0)).toEqual(expect.arrayContaining(['gpt-4o', 'gpt-5', 'o3', 'text-embedding-3-small', 'gpt-*']))
    expect(names(1)).toEqual(expect.arrayContaining(['claude-sonnet-4-5', 'claude-*']))
    expect(made[4].models).toEqual(
      expect.arrayContaining([{ id: 'gemini-2.5-flash', upstream_model: 'google/gemini-2.5-flash' }]),
    )
    const shown = JSON.stringify([made, server.logged, (await server.admin('GET', '/audit-log?limit=200')).body])
    for (const secret of Object.values(SECRETS)) expect(shown).not.toContain(secret)
    const rows = await server.deps.db.read.selectFrom('model_provider').selectAll().execute()
    for (const secret of Object.values(SECRETS)) expect(JSON.stringify(rows)).not.toContain(secret)
    const { data } = (await server.admin('GET', '/audit-log?action=model_provider.created&limit=200')).body
    expect(data.map(({ actor }: { actor: string }) => actor)).toEqual(Array(7).fill('environment'))

    // Whoever the first is, it serves calls without a name, and a bare name goes to who lists it.
    const models = await server.deps.models.current()
    expect(models.first).toMatch(/^openai\/(gpt|o)/)
    expect(models.find('gpt-4o').map(({ name }) => name)).toEqual(['openai/gpt-4o'])
    expect(models.find('claude-next').map(({ name }) => name)).toEqual(['anthropic/claude-next'])
    expect(models.find('azure/gpt-4o').map(({ upstreamModel }) => upstreamModel)).toEqual(['gpt-4o'])
  })

  test('once: whoever changed one, or took one away, has the say', async () => {
    const database = await freshDatabase(kind)
    const env = { ...ALLOWED, ...AZURE }
    const start = async (
      more: Record<string, string>,
      work: (world: Awaited<ReturnType<typeof openWorld>>) => unknown,
    ) => {
      const world = await openWorld(readConfig(serverEnv(database.url, more)), { log: createLogger('silent') })
      try {
        return await work(world)
      } finally {
        await world.close()
      }
    }
    const ids = ({ deps }: Awaited<ReturnType<typeof openWorld>>) =>
      deps.db.read
        .selectFrom('model_provider')
        .select('provider_id')
        .execute()
        .then((rows) => rows.map(({ provider_id }) => provider_id))
    expect(await start({}, ids)).toEqual([])
    expect(await start(env, ids)).toEqual(['azure'])
    expect(await start(env, ids)).toEqual(['azure'])
    await start(env, ({ deps }) => deps.db.write(({ trx }) => trx.deleteFrom('model_provider').execute()))
    expect(await start({ ...env, OPENAI_API_KEY: SECRETS.openai }, ids)).toEqual([])
    await database.drop()
  })

  test('not at all when something is missing: the start fails, with all that is', async () => {
    const { AZURE_CLIENT_SECRET: _, ...half } = AZURE
    const bad = {
      ...half,
      DROID_PATH: '/nowhere/droid',
      AWS_BEDROCK_REGION: 'nowhere',
      GCP_VERTEX_PROJECT: 'p',
      GCP_VERTEX_SERVICE_ACCOUNT: '/a/path.json',
    }
    const failure = await startServer(kind, bad).catch((error: unknown) => error)
    expect(failure).toMatchObject({ name: 'ConfigError' })
    const { faults } = failure as { faults: string[] }
    for (const variable of ['AZURE_OPENAI_ENDPOINT', 'DROID_PATH', 'AWS_BEDROCK_REGION', 'GCP_VERTEX_SERVICE_ACCOUNT'])
      expect(faults.filter((fault) => fault.startsWith(variable))).not.toEqual([])
    const private_ = await startServer(kind, AZURE).catch((error: unknown) => error)
    expect((private_ as { faults: string[] }).faults.join()).toContain('EGRESS_ALLOW')
  })
})

test('calls of chats that leave the temperature open have the operator’s', async () => {
  const gateway = await startModelGateway('sqlite', { CHAT_DEFAULT_TEMPERATURE: '0.3' })
  const ada = await gateway.caller(1000)
  await ada.chat()
  await ada.chat({ temperature: 1.5 })
  await ada.chat({ temperature: 0 })
  await ada.chat({ temperature: null })
  await ada.chat({ reasoning_effort: 'low' })
  await ada.call('/v1/embeddings', { model: 'embed-1', input: 'Hi' })
  expect(gateway.upstream.seen.map(({ body }) => body.temperature)).toEqual([0.3, 1.5, 0, 0.3, undefined, undefined])
  await gateway.stop()
})
