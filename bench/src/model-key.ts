import type { Subject } from './subject.ts'

/** Of a person with credits enough for the run, at a server that knows the upstream. */
export async function modelKey({ server, adminKey }: Subject, base_url: string, model: string): Promise<string> {
  const price = { input_per_mtok: 1, output_per_mtok: 1 }
  const admin = async (path: string, body: object): Promise<Record<string, string>> => {
    const answer = await fetch(`http://127.0.0.1:${server.port}/api/admin${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`POST ${path}: ${answer.status} ${text}`)
    return JSON.parse(text)
  }
  await admin('/model-providers', {
    id: 'bench',
    kind: 'openai',
    base_url,
    api_key: 'bench-key',
    models: [{ id: model, price }],
  })
  const { id } = await admin('/users', { email: 'bench@example.com', name: 'Bench' })
  await admin(`/users/${id}/credits`, { amount_cents: 10_000_000, reason: 'bench' })
  const { api_key } = await admin('/api-keys', { user_id: id, name: 'bench', scopes: ['agent-fuel'] })
  return api_key ?? ''
}
