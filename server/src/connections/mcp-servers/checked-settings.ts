import type { Deps, Principal } from '../../context.ts'
import { ApiError } from '../../http/errors.ts'
import type { McpServerSecrets, McpServerSettings, NewMcpServer } from './settings.ts'

/** But for what is sealed. */
export type Plain = Omit<McpServerSettings, 'header_names' | 'env_names' | 'has_client_secret'>
type Fields = Record<string, string>

/** What is kept of what was given, in the clear. Throws 422 for what does not go together, or must not be run. */
export function checkedSettings(
  deps: Pick<Deps, 'config' | 'orgId'>,
  given: NewMcpServer,
  principal: Principal,
): Plain {
  const auth = given.auth ?? (given.oauth ? 'oauth' : given.headers ? 'headers' : 'none')
  refuse(given.transport === 'stdio' ? faultsOfProgram(deps, given, auth, principal) : faultsOfAddress(given, auth))
  const { transport, url, oauth, command, args, timeout_ms } = given
  const { client_secret: _, ...plain } = oauth ?? {}
  return {
    transport,
    auth,
    ...(url !== undefined && { url }),
    ...(auth === 'oauth' && { oauth: defined(plain) }),
    ...(command !== undefined && { command }),
    ...(args !== undefined && { args }),
    ...(timeout_ms !== undefined && { timeout_ms }),
  }
}

function faultsOfProgram(
  { config, orgId }: Pick<Deps, 'config' | 'orgId'>,
  { url, headers, oauth, command }: NewMcpServer,
  auth: Plain['auth'],
  principal: Principal,
): Fields {
  if (principal.orgId !== orgId)
    return { transport: 'stdio is for the organization that runs this server; others give the address of a server' }
  const listed = config.mcpStdioCommands
  return {
    ...(url !== undefined && { url: 'is for a server that is called by HTTP' }),
    ...(headers && Object.keys(headers).length > 0 && { headers: 'are for a server that is called by HTTP; use env' }),
    ...((oauth || auth === 'oauth') && { auth: 'oauth is for a server that is called by HTTP' }),
    ...(auth === 'headers' && { auth: 'headers are for a server that is called by HTTP' }),
    ...(command === undefined && { command: 'is required: the path of a program that the operator lists' }),
    ...(command !== undefined &&
      !listed.includes(command) && {
        command: 'is no program that may be run here; the operator lists it in MCP_STDIO_COMMANDS',
      }),
  }
}

function faultsOfAddress({ url, headers, oauth, command, args, env }: NewMcpServer, auth: Plain['auth']): Fields {
  const names = Object.keys(headers ?? {}).map((name) => name.toLowerCase())
  return {
    ...(url === undefined && { url: 'is required' }),
    ...(command !== undefined && { command: 'is for the transport stdio' }),
    ...(args !== undefined && args.length > 0 && { args: 'are for the transport stdio' }),
    ...(env !== undefined && Object.keys(env).length > 0 && { env: 'is for the transport stdio' }),
    ...(oauth && auth !== 'oauth' && { oauth: 'goes with auth oauth' }),
    ...(auth === 'oauth' && names.includes('authorization') && { headers: 'Authorization is what oauth sends' }),
    ...(new Set(names).size < names.length && { headers: 'must not name one twice' }),
    ...(oauth?.client_secret && oauth.client_id === undefined && { 'oauth.client_id': 'goes with the client_secret' }),
  }
}

/**
 * The secrets as they are from now on: what is left out stays, and so does a value that is null. Who moves a server
 * elsewhere has to know them: nobody gets a secret sent to an address of theirs that others have entered.
 */
export function changedSecrets(
  given: NewMcpServer,
  before: McpServerSettings | undefined,
  known: McpServerSecrets,
): McpServerSecrets {
  const fields: Fields = {}
  const again = 'must be sent again, or be taken away: it would go elsewhere than before'
  const kept = (field: string, goesWhereItWent: boolean) => (name: string) => {
    if (!goesWhereItWent) fields[`${field}.${name}`] = again
  }
  const secrets: McpServerSecrets = { headers: {}, env: {} }
  if (given.transport === 'stdio')
    secrets.env = changed(given.env, known.env, kept('env', given.command === before?.command))
  else {
    const isSame = sameOrigin(given, before)
    secrets.headers = changed(given.headers, known.headers, kept('headers', isSame))
    const clientSecret = changedClientSecret(given, before, known, () => kept('oauth', isSame)('client_secret'))
    if (clientSecret !== undefined) secrets.client_secret = clientSecret
  }
  if (given.auth === 'headers' && Object.keys(secrets.headers).length === 0)
    fields.headers = 'are required where they are what the server is authorized by'
  refuse(fields)
  return secrets
}

function changedClientSecret(
  { oauth }: NewMcpServer,
  before: McpServerSettings | undefined,
  { client_secret: known }: McpServerSecrets,
  keep: () => void,
): string | undefined {
  if (oauth?.client_secret !== undefined) return oauth.client_secret ?? undefined
  // Another client has another secret.
  if (oauth?.client_id === undefined || known === undefined || oauth.client_id !== before?.oauth?.client_id)
    return undefined
  if (oauth.authorization_server === before.oauth.authorization_server) keep()
  else refuse({ 'oauth.client_secret': 'must be sent again, or be null: it would go elsewhere than before' })
  return known
}

/** `keep` is told of each secret that is neither given nor taken away. */
function changed(
  given: Record<string, string | null> | undefined,
  known: Record<string, string>,
  keep: (name: string) => void,
): Record<string, string> {
  const wanted = given ?? Object.fromEntries(Object.keys(known).map((name) => [name, null]))
  return Object.fromEntries(
    Object.entries(wanted).flatMap(([name, value]) => {
      const kept = value ?? known[name]
      if (value === null && kept !== undefined) keep(name)
      return kept === undefined ? [] : [[name, kept]]
    }),
  )
}

function sameOrigin({ url }: NewMcpServer, before: McpServerSettings | undefined): boolean {
  return url !== undefined && before?.url !== undefined && new URL(url).origin === new URL(before.url).origin
}

/** Whether what was consented to is still for this server and by this client. */
export function isSameAuthorization(before: McpServerSettings, after: McpServerSettings, sameSecret: boolean): boolean {
  const of = ({ url, auth, oauth }: McpServerSettings) =>
    JSON.stringify([url, auth, oauth?.client_id, oauth?.authorization_server])
  return after.auth === 'oauth' && sameSecret && of(before) === of(after)
}

/** Whether what it offers is still what it was found to offer. */
export function isSamePlace(before: McpServerSettings, after: McpServerSettings): boolean {
  const of = ({ transport, url, command, args }: McpServerSettings) => JSON.stringify([transport, url, command, args])
  return of(before) === of(after)
}

function refuse(fields: Fields): void {
  const [first] = Object.entries(fields)
  if (first) throw new ApiError('validation_failed', `${first[0]}: ${first[1]}`, { fields })
}

/** Without members that are undefined. */
function defined<T extends object>(given: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as never
}
