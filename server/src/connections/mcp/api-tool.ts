import type { CallToolResult } from '@modelcontextprotocol/server'
import type { Deps, Principal } from '../../context.ts'
import { ApiError } from '../../http/errors.ts'
import { type ConnectionRow, findUnconsented, listUsableAt } from '../../storage/connections.ts'
import type { EffectiveProvider } from '../effective-provider.ts'
import { permissionOf } from '../grants.ts'
import { requireConnection, unknownConnection } from '../policy.ts'
import { callProvider, proxyAddress, toApiFault } from '../proxy.ts'
import { connectionUser } from './connection-user.ts'
import { obtainConsent, ownPerson } from './consent.ts'
import type { Exchange, ToolAnswer } from './exchange.ts'
import type { ProviderArguments } from './tool-arguments.ts'
import { connectionTool } from './tool-names.ts'
import { toolResult } from './tool-result.ts'

/** What a model is given of an answer. */
const SHOWN_BYTES = 256 * 1024
/** Longer than any client waits for a tool. */
const CALL_MS = 120_000
/** How many accounts are named where the caller has to choose. */
const MAX_CHOICES = 20
const SHOWN_HEADERS = /^(content-type|location|etag|last-modified|retry-after|(x-)?ratelimit-.*)$/

/** A tool that was called: of a provider, perhaps for one account of several. */
export interface ApiTool {
  name: string
  provider: EffectiveProvider['provider']
  /** What the connection's id ends with. */
  idEnd?: string
}

/** Calls the provider's API by the caller's connection; where a person has to consent first, once they have. */
export async function callApiTool(
  deps: Deps,
  principal: Principal,
  tool: ApiTool,
  args: ProviderArguments,
  exchange: Exchange,
): Promise<ToolAnswer> {
  const connection = await chosenConnection(deps, principal, tool, args)
  try {
    if (connection) return await callApi(deps, principal, connection, args, exchange)
  } catch (thrown) {
    if (!isForPerson(thrown)) throw thrown
  }
  const userId = connection?.user_ref ?? args.user_id ?? (await ownPerson(deps, principal))
  const { name: providerName, label } = tool.provider
  const known = connection ?? (await findUnconsented(deps.db.read, unconsented(principal, providerName, userId)))
  // Consent may have come between the two looks: it is in neither then.
  const arrived = known ? undefined : await chosenConnection(deps, principal, tool, args)
  if (arrived) return callApi(deps, principal, arrived, args, exchange)
  const wanted = { providerName, label, userId, known, tool: tool.name }
  const consented = await obtainConsent(deps, principal, wanted, exchange)
  if ('answer' in consented) return consented.answer
  return callApi(deps, principal, consented.connection, args, exchange)
}

function unconsented({ orgId, id }: Principal, providerName: string, userId: string) {
  return { org_id: orgId, made_by: id, provider_name: providerName, user_ref: userId }
}

/** Whether it goes on once a person has consented. */
function isForPerson(thrown: unknown): boolean {
  return thrown instanceof ApiError && (thrown.code === 'connection_pending' || thrown.code === 'reauth_required')
}

/** The account that the tool and its arguments mean; undefined where there is none yet. Never guesses among several. */
async function chosenConnection(
  deps: Deps,
  principal: Principal,
  { provider: { name: providerName, label }, idEnd }: ApiTool,
  { connection_id: connectionId, user_id: userRef }: ProviderArguments,
): Promise<ConnectionRow | undefined> {
  if (connectionId !== undefined) {
    const named = await requireConnection(deps, connectionId, principal)
    if (named.provider_name !== providerName || (userRef ?? named.user_ref) !== named.user_ref)
      throw unknownConnection()
    return named
  }
  const filter = { providerName, userRef, idEnd }
  const usable = await listUsableAt(deps.db.read, connectionUser(principal), filter, MAX_CHOICES)
  if (usable.length === 0 && idEnd !== undefined) throw unknownConnection()
  const active = usable.filter(({ status }) => status === 'active')
  const [first, ...others] = active.length > 0 ? active : usable
  if (first && others.length > 0) throw ambiguous(label, [first, ...others])
  return first
}

function ambiguous(label: string, choices: readonly ConnectionRow[]): ApiError {
  const names = choices.map(
    ({ connection_id, account_label, user_ref, provider_name }) =>
      `${connection_id} (${account_label ?? 'account unknown'}, of ${user_ref}; tool ${connectionTool(provider_name, connection_id)})`,
  )
  const sentence = `There are several accounts at ${label}; say which: ${names.join(', ')}`
  return new ApiError('validation_failed', sentence, { fields: { connection_id: 'is needed where there are several' } })
}

async function callApi(
  deps: Deps,
  principal: Principal,
  connection: ConnectionRow,
  args: ProviderArguments,
  { signal }: Exchange,
): Promise<CallToolResult> {
  // Consent may have come to a connection that others were granted meanwhile.
  const permission = await permissionOf(deps.db.read, principal, connection)
  if (!permission) throw unknownConnection()
  const { below, search } = addressOf(args)
  const call = { below, search, request: requestOf(args, signal), timeoutMs: CALL_MS }
  const response = await callProvider(deps, principal, { connection, permission }, call)
  const { bytes, isCut } = await beginningOf(response)
  const prefix = proxyAddress(deps.config, connection.connection_id)
  const headers = [...response.headers].filter(([name]) => SHOWN_HEADERS.test(name))
  return toolResult(
    {
      status: response.status,
      headers: Object.fromEntries(headers.map(([name, value]) => [name, value.replace(prefix, '')])),
      ...bodyOf(bytes, isCut, response.headers.get('content-type') ?? ''),
      ...(isCut && { truncated: `The body is longer; these are its first ${SHOWN_BYTES} bytes` }),
      connection_id: connection.connection_id,
    },
    !response.ok && response.status >= 400,
  )
}

/** As a client would write it in a request line; a query may stand behind the path, or by itself. */
function addressOf({ path, query = {} }: ProviderArguments) {
  const [, below = '', written = ''] = /^([^?]*)(\?.*)?$/s.exec(path.toWellFormed()) ?? []
  const search = new URLSearchParams(written)
  for (const [name, value] of Object.entries(query)) search.append(name, String(value))
  return {
    below: `${below.startsWith('/') ? '' : '/'}${below.replace(/[^\x21-\x7e]|#/gu, encodeURIComponent)}`,
    search: search.size === 0 ? '' : `?${search}`,
  }
}

function requestOf({ method, headers: given = {}, body }: ProviderArguments, signal: AbortSignal): Request {
  const isText = typeof body === 'string'
  const bytes = body === undefined ? null : Buffer.from(isText ? body : JSON.stringify(body))
  try {
    const headers = new Headers(given)
    if (bytes && !headers.has('content-type')) headers.set('content-type', isText ? 'text/plain' : 'application/json')
    headers.delete('content-length')
    if (bytes) headers.set('content-length', String(bytes.length))
    // The address is said beside; a request needs one.
    return new Request('http://provider.invalid/', { method, headers, body: bytes, signal })
  } catch (cause) {
    throw new ApiError('invalid_request', 'A header is not valid, or a GET came with a body', { cause })
  }
}

async function beginningOf({ body }: Response): Promise<{ bytes: Buffer; isCut: boolean }> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of body ?? []) {
      chunks.push(chunk)
      size += chunk.length
      if (size > SHOWN_BYTES) break
    }
  } catch (thrown) {
    throw toApiFault(thrown)
  }
  return { bytes: Buffer.concat(chunks).subarray(0, SHOWN_BYTES), isCut: size > SHOWN_BYTES }
}

/** JSON as JSON, other texts as they are; of what is neither, only that it is there. */
function bodyOf(bytes: Buffer, isCut: boolean, type: string): { body?: unknown; binary?: string } {
  if (bytes.length === 0) return {}
  try {
    // What was cut through at the end is left out.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: isCut })
    return { body: /[/+]json\b/.test(type) && !isCut ? jsonOr(text) : text }
  } catch {
    return { binary: `The body is no text (${type || 'no type'}, ${bytes.length} bytes); /v1/proxy gives it as it is` }
  }
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
