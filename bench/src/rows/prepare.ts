import { load } from '../load.ts'
import type { Client, Granted, Side } from '../side.ts'
import { exchange, type TokenFormat, type Tokens } from '../token.ts'

const CONCURRENCY = 16

export async function prepareCodes(side: Side, client: Client, count: number): Promise<Granted[]> {
  const codes: Granted[] = []
  await load(side.server.port, CONCURRENCY, count, async (connection, index) => {
    codes[index] = await side.signIn(connection, client, index)
  })
  return codes
}

export async function prepareTokens(side: Side, client: Client, count: number, format: TokenFormat): Promise<Tokens[]> {
  const tokens: Tokens[] = []
  await load(side.server.port, CONCURRENCY, count, async (connection, index) => {
    tokens[index] = await exchange(side, connection, client, await side.signIn(connection, client, index), format)
  })
  return tokens
}
