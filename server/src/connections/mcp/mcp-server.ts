import { ProtocolError, ProtocolErrorCode, Server } from '@modelcontextprotocol/server'
import type { Deps, Principal } from '../../context.ts'
import { failureOf } from '../../failures.ts'
import type { ApiError } from '../../http/errors.ts'
import { VERSION } from '../../version.ts'
import { listEffectiveProviders } from '../provider-registry.ts'
import { connectAccount, listAccounts } from './account-tools.ts'
import { type ApiTool, callApiTool } from './api-tool.ts'
import { type CallerAbilities, type Exchange, exchangeOf, type ToolAnswer } from './exchange.ts'
import { ApiArguments, ConnectArguments, ListArguments, ProviderArguments, readArguments } from './tool-arguments.ts'
import { CONNECT_TOOL, LIST_TOOL, listTools } from './tool-list.ts'
import { readTool } from './tool-names.ts'
import { toolFailure } from './tool-result.ts'

/** Who calls, by what is known before the message is read. */
export interface McpCaller extends CallerAbilities {
  principal: Principal
  requestId: string
}

const INSTRUCTIONS =
  'Tools that call the APIs of other providers with the accounts that people have connected for you. Where an account is missing, the answer has a link for the person; call again once they have consented. Credentials are put in on the way: never ask for any.'

/** A server for one message: nothing of a caller is remembered between two. */
export function createMcpServer(deps: Deps, caller: McpCaller): Server {
  const server = new Server(
    { name: 'auth-agent', title: 'Auth Agent', version: VERSION },
    { capabilities: { tools: {} }, instructions: INSTRUCTIONS },
  )
  server.setRequestHandler('tools/list', async ({ params }) => {
    try {
      return await listTools(deps, caller.principal, params?.cursor)
    } catch (thrown) {
      throw protocolError(failureOf(deps.log, caller.requestId, thrown))
    }
  })
  server.setRequestHandler('tools/call', async ({ params }, ctx) => {
    try {
      return await callTool(deps, caller, params, exchangeOf(server, ctx, caller))
    } catch (thrown) {
      if (thrown instanceof ProtocolError) throw thrown
      return toolFailure(failureOf(deps.log, caller.requestId, thrown))
    }
  })
  return server
}

interface ToolCall {
  name: string
  arguments?: Record<string, unknown> | undefined
}

async function callTool(
  deps: Deps,
  { principal }: McpCaller,
  { name, arguments: given }: ToolCall,
  exchange: Exchange,
): Promise<ToolAnswer> {
  if (name === LIST_TOOL) return listAccounts(deps, principal, readArguments(ListArguments, given))
  if (name === CONNECT_TOOL) return connectAccount(deps, principal, readArguments(ConnectArguments, given))
  const tool = await findApiTool(deps, name)
  if (!tool) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown tool: ${name.slice(0, 100)}`)
  const args = readArguments(tool.idEnd === undefined ? ProviderArguments : ApiArguments, given)
  return callApiTool(deps, principal, tool, args, exchange)
}

async function findApiTool(deps: Deps, name: string): Promise<ApiTool | undefined> {
  for (const { provider } of await listEffectiveProviders(deps)) {
    const read = readTool(name, provider.name)
    if (read) return { name, provider, ...read }
  }
  return undefined
}

/** JSON-RPC 2.0 §5.1. */
function protocolError({ status, message }: ApiError): ProtocolError {
  return new ProtocolError(status < 500 ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError, message)
}
