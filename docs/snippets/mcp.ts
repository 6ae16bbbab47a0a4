import { Client, ClientCredentialsProvider, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'

const issuer = process.env.ISSUER ?? 'http://localhost:4000'

/** The agent's own id and secret are all that it needs; where tokens come from, the server says. */
export async function connectTools(): Promise<Client> {
  const authProvider = new ClientCredentialsProvider({
    clientId: process.env.AGENT_ID ?? '',
    clientSecret: process.env.AGENT_SECRET ?? '',
    expectedIssuer: issuer,
  })
  const client = new Client(
    { name: 'my-agent', version: '1.0.0' },
    { capabilities: { elicitation: { url: {} } }, versionNegotiation: { mode: 'auto' } },
  )
  // Where an account is missing, the person gets a link, and the call goes on when they have consented.
  client.setRequestHandler('elicitation/create', async ({ params }) => {
    if (params.mode !== 'url') return { action: 'decline' }
    process.stdout.write(`${params.message} ${params.url}\n`)
    return { action: 'accept' }
  })
  await client.connect(new StreamableHTTPClientTransport(new URL(`${issuer}/mcp`), { authProvider }))
  return client
}
