import type { AuthWay, McpServer, NewMcpServer, Transport } from '../../mcp-servers.ts'

/** A header or a variable, as it is typed. */
export interface SecretDraft {
  /** Tells rows apart, whatever is typed into them. */
  row: number
  name: string
  value: string
  /** There is a value, which nobody is shown. */
  isKept: boolean
}

export const secretDrafts = (names: readonly string[] | undefined): SecretDraft[] =>
  (names ?? []).map((name, row) => ({ row, name, value: '', isKept: true }))

/** Rows without a name are none; an empty value of one that is kept leaves it as it is. */
function secretsOf(drafts: readonly SecretDraft[]): Record<string, string | null> {
  return Object.fromEntries(
    drafts.flatMap(({ name, value, isKept }) =>
      name.trim() === '' ? [] : [[name.trim(), value === '' && isKept ? null : value]],
    ),
  )
}

const typed = (data: FormData, name: string) => String(data.get(name) ?? '').trim()
const words = (text: string) => text.split(/[\s,]+/).filter(Boolean)

export interface Chosen {
  transport: Transport
  auth: AuthWay
  headers: readonly SecretDraft[]
  env: readonly SecretDraft[]
  enabled: boolean
}

/** The whole server, as the form says it. */
export function serverOf(data: FormData, { transport, auth, headers, env, enabled }: Chosen): NewMcpServer {
  const seconds = typed(data, 'timeout_ms')
  const about = {
    name: typed(data, 'name'),
    transport,
    enabled,
    ...(seconds !== '' && { timeout_ms: Math.round(Number(seconds) * 1000) }),
  }
  if (transport === 'stdio')
    return {
      ...about,
      command: typed(data, 'command'),
      args: typed(data, 'args')
        .split('\n')
        .map((line) => line.trim())
        .filter(Boolean),
      env: secretsOf(env),
    }
  return {
    ...about,
    url: typed(data, 'url'),
    auth,
    headers: auth === 'none' ? {} : secretsOf(headers),
    ...(auth === 'oauth' && { oauth: oauthOf(data) }),
  }
}

function oauthOf(data: FormData): NonNullable<NewMcpServer['oauth']> {
  const [clientId, secret, scopes, issuer] = ['client_id', 'client_secret', 'scopes', 'authorization_server'].map(
    (name) => typed(data, `oauth.${name}`),
  )
  return {
    ...(clientId && { client_id: clientId }),
    ...(secret && { client_secret: secret }),
    ...(scopes && { scopes: words(scopes) }),
    ...(issuer && { authorization_server: issuer }),
  }
}

export const argsText = ({ args }: Partial<McpServer>) => (args ?? []).join('\n')
