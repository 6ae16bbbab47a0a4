import { McpFault } from './fault.ts'

export type JsonObject = Record<string, unknown>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export const requestOf = (id: number, method: string, params: JsonObject) =>
  JSON.stringify({ jsonrpc: '2.0', id, method, params })

export const notificationOf = (method: string) => JSON.stringify({ jsonrpc: '2.0', method })

/** Undefined: it is none, such as what a program prints for people. */
export function readMessage(text: string): JsonObject | undefined {
  try {
    const message: unknown = JSON.parse(text)
    return isObject(message) ? message : undefined
  } catch {
    return undefined
  }
}

/** The result in the answer to a request; undefined: the message is another one. JSON-RPC 2.0 §5. */
export function resultOf(message: JsonObject | undefined, id: number): JsonObject | undefined {
  if (message?.id !== id || 'method' in message) return undefined
  if ('error' in message) throw new McpFault('rpc_error')
  if (!isObject(message.result)) throw new McpFault('protocol_error')
  return message.result
}
