import type { Tool } from '@modelcontextprotocol/server'
import type { Deps, Principal } from '../../context.ts'
import { listCursor, nextCursor } from '../../http/listing.ts'
import { listFirstUsable, listUsableAmongSeveral, type NumberedConnection } from '../../storage/connections.ts'
import type { EffectiveProvider } from '../effective-provider.ts'
import { filledProvider } from '../filled-provider.ts'
import { type Limit, type Permission, permissionsOf } from '../grants.ts'
import { listEffectiveProviders } from '../provider-registry.ts'
import type { Provider } from '../providers/provider.ts'
import { connectionUser } from './connection-user.ts'
import { ApiArguments, ConnectArguments, inputSchema, ListArguments, ProviderArguments } from './tool-arguments.ts'
import { connectionTool, providerTool } from './tool-names.ts'

const PAGE = 100

export const LIST_TOOL = 'list_connections'
export const CONNECT_TOOL = 'connect_account'

const API_SCHEMA = inputSchema(ApiArguments)
const PROVIDER_SCHEMA = inputSchema(ProviderArguments)

const OWN_TOOLS: readonly Tool[] = [
  {
    name: LIST_TOOL,
    title: 'List connected accounts',
    description: 'The accounts at other providers that you may use, how each stands, and the tool that uses it.',
    inputSchema: inputSchema(ListArguments),
    annotations: { readOnlyHint: true, openWorldHint: false },
  },
  {
    name: CONNECT_TOOL,
    title: 'Connect an account',
    description:
      'Gives a link by which a person connects an account of theirs, for you to use. The tools ask by themselves where an account is missing; this is for another account, other scopes, or another person.',
    inputSchema: inputSchema(ConnectArguments),
    annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: true },
  },
]

/**
 * A tool for each provider that is set up here or has an account that the caller may use; and where there are several
 * accounts, one for each, by pages.
 */
export async function listTools(deps: Deps, principal: Principal, cursor: string | undefined) {
  const user = connectionUser(principal)
  const after = listCursor(cursor)
  const [providers, first, several] = await Promise.all([
    listEffectiveProviders(deps),
    after ? [] : listFirstUsable(deps.db.read, user),
    listUsableAmongSeveral(deps.db.read, user, PAGE + 1, after),
  ])
  const shown = several.slice(0, PAGE)
  const permissions = await permissionsOf(deps.db.read, principal, [...first, ...shown])
  const known = new Map(providers.map((each) => [each.provider.name, each]))
  const firstAt = new Map(first.map((each) => [each.provider_name, each]))

  const ofProviders = after ? [] : providers.flatMap((each) => providerTools(each, firstAt, permissions))
  const ofConnections = shown.flatMap((each) => {
    const provider = known.get(each.provider_name)
    return provider ? connectionTools(provider, each, permissions.get(each.connection_id)) : []
  })
  const next = nextCursor(several, PAGE, ({ created_at, connection_id }) => ({ created_at, id: connection_id }))
  return {
    tools: [...(after ? [] : OWN_TOOLS), ...ofProviders, ...ofConnections],
    ...(next !== null && { nextCursor: next }),
  }
}

function providerTools(
  each: EffectiveProvider,
  firstAt: ReadonlyMap<string, NumberedConnection>,
  permissions: ReadonlyMap<string, Permission>,
): Tool[] {
  const { provider, clientId } = each
  const first = firstAt.get(provider.name)
  const permission = first && permissions.get(first.connection_id)
  const canBeAskedFor = provider.kind === 'oauth2' && clientId !== null
  if (!hasApi(provider) || (!permission && !canBeAskedFor)) return []
  const name = providerTool(provider.name)
  if (first && permission && Number(first.at_provider) === 1)
    return [apiTool(name, each, first, permission, PROVIDER_SCHEMA)]
  const which = first
    ? 'You may use several accounts there: name one by connection_id or user_id, or use its own tool.'
    : 'No account is connected yet: the call answers with a link by which a person connects one, and goes on afterwards.'
  return [
    {
      name,
      title: provider.label,
      description: `Calls the API of ${provider.label} (${provider.api_base_url}). ${which}`,
      inputSchema: PROVIDER_SCHEMA,
      annotations: annotationsOf(null),
    },
  ]
}

function connectionTools(each: EffectiveProvider, row: NumberedConnection, permission: Permission | undefined): Tool[] {
  if (!permission || !hasApi(each.provider)) return []
  return [apiTool(connectionTool(row.provider_name, row.connection_id), each, row, permission, API_SCHEMA)]
}

/** Where the operator said no address, there is nothing to call. */
function hasApi({ api_base_url }: Provider): boolean {
  return api_base_url !== ''
}

function apiTool(
  name: string,
  each: EffectiveProvider,
  row: NumberedConnection,
  { limits }: Permission,
  schema: Tool['inputSchema'],
): Tool {
  const { label, api_base_url } = filledProvider(each, JSON.parse(row.parameters))
  const account = row.account_label ?? `an account of ${row.user_ref}`
  const allowed = limits === null ? '' : ` You may: ${limits.map(describeLimit).join('; ')}.`
  return {
    name,
    title: `${label}: ${account}`,
    description: `Calls the API of ${label} (${api_base_url}) as ${account}; the credential is put in on the way.${allowed}`,
    inputSchema: schema,
    annotations: annotationsOf(limits),
  }
}

function describeLimit({ methods, pathPrefix }: Limit): string {
  return `${methods?.join(', ') ?? 'use any method'} ${pathPrefix === null ? 'on any path' : `at ${pathPrefix} and below`}`
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

function annotationsOf(limits: readonly Limit[] | null): NonNullable<Tool['annotations']> {
  const readsOnly = limits?.every(({ methods }) => methods?.every((method) => SAFE.has(method)) ?? false) ?? false
  return { readOnlyHint: readsOnly, destructiveHint: !readsOnly, openWorldHint: true }
}
