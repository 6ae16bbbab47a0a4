import { type DatabaseKind, startServer } from './harness.ts'
import { startModelUpstream } from './model-upstream.ts'

export type ModelGateway = Awaited<ReturnType<typeof startModelGateway>>

/** USD for a million tokens: round numbers, so that a test can tell what a call costs. */
export const PRICE = { input_per_mtok: 10, output_per_mtok: 100 }

/** A whole server with a provider of models on loopback, and a person with credits and an API key. */
export async function startModelGateway(
  kind: DatabaseKind = 'sqlite',
  env: Record<string, string> = {},
  { credits = 100_000 }: { credits?: number } = {},
) {
  const server = await startServer(kind, { EGRESS_ALLOW: '127.0.0.1', RATE_LIMIT_RPM: '100000', ...env })
  const upstream = await startModelUpstream()

  const addProvider = async (provider: object) => {
    const answer = await server.admin('POST', '/model-providers', provider)
    if (answer.status !== 201) throw new Error(`model-providers: ${answer.status} ${answer.text}`)
    return answer.body
  }
  await addProvider({
    id: 'acme',
    kind: 'openai',
    base_url: `${upstream.origin}/v1`,
    api_key: 'sk-acme-canary-0123456789',
    models: [
      { id: 'gpt-5', price: PRICE },
      { id: 'embed-1', price: PRICE },
    ],
  })

  const give = (userId: string, cents: number) =>
    cents > 0
      ? server.admin('POST', `/users/${userId}/credits`, { amount_cents: cents, reason: 'test' })
      : Promise.resolve()

  /** Somebody with credits, and a key that may spend them. */
  async function caller(cents = credits, email = `person-${Math.random().toString(36).slice(2)}@example.com`) {
    const user = (await server.admin('POST', '/users', { email, name: 'Ada' })).body
    await give(user.id, cents)
    const key = await server.admin('POST', '/api-keys', { user_id: user.id, name: 'test', scopes: ['agent-fuel'] })
    return callerWith(user.id, key.body.api_key)
  }

  /** The same, who has signed up, with the window that they did it in. */
  async function member(cents = credits) {
    const email = `person-${Math.random().toString(36).slice(2)}@example.com`
    const window = await server.person({ name: 'Ada', email })
    await give(window.id, cents)
    const key = await window.send('POST', '/api/api-keys', { name: 'test', scopes: ['agent-fuel'] })
    return { ...callerWith(window.id, key.body.api_key), window }
  }

  function callerWith(id: string, apiKey: string) {
    const call = (path: string, body: object, headers: Record<string, string> = {}, signal?: AbortSignal) =>
      server.request(path, {
        method: 'POST',
        headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
        ...(signal && { signal }),
      })
    return {
      id,
      apiKey,
      call,
      chat: (more: object = {}, headers: Record<string, string> = {}) =>
        call('/v1/chat/completions', { model: 'gpt-5', messages: [{ role: 'user', content: 'Hi' }], ...more }, headers),
      /** In cents. */
      credits: async () =>
        (await server.request('/api/oauth/verify', { headers: { authorization: `Bearer ${apiKey}` } })).body
          .credits as number,
    }
  }

  return {
    ...server,
    upstream,
    addProvider,
    caller,
    member,
    async stop() {
      await upstream.stop()
      await server.stop()
    },
  }
}
