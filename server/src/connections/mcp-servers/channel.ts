import type { JsonObject } from './json-rpc.ts'

/** A way to one MCP server, for as long as something is asked of it. Everything throws `McpFault` and what it is made of. */
export interface Channel {
  request(method: string, params: JsonObject): Promise<JsonObject>
  notify(method: string): Promise<void>
  /** The version that was agreed upon. */
  speak(version: string): void
  /** Leaves nothing open, here or there. */
  close(): Promise<void>
}
