import OpenAI from 'openai'

const issuer = process.env.ISSUER ?? 'http://localhost:4000'

/** The agent's own token: it is what the gateway of models takes, and lives an hour. */
async function accessToken(): Promise<string> {
  const answer = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${process.env.AGENT_ID}:${process.env.AGENT_SECRET}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  })
  if (!answer.ok) throw new Error(`No token: ${await answer.text()}`)
  const { access_token } = (await answer.json()) as { access_token: string }
  return access_token
}

/** Asks a model as it answers, paid from what the agent's owner has. */
export async function ask(question: string, onText: (text: string) => void): Promise<void> {
  const client = new OpenAI({ baseURL: `${issuer}/v1`, apiKey: await accessToken() })
  const stream = await client.chat.completions.create({
    model: process.env.MODEL ?? 'openai/gpt-5',
    messages: [{ role: 'user', content: question }],
    stream: true,
  })
  for await (const { choices } of stream) onText(choices[0]?.delta.content ?? '')
}
