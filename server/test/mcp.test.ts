import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CLIENTS, type Mcp, startMcp } from './mcp-clients.ts'

let mcp: Mcp
beforeEach(async () => {
  mcp = await startMcp()
})
afterEach(() => mcp.stop())

describe.each(CLIENTS)('a client of %s', (kind) => {
  test('finds the accounts as tools, and calls the provider by them', async () => {
    const id = await mcp.connection(3600, { account_label: 'ada@acme.example' })
    const client = await mcp.client(kind)
    const tools = await client.list()
    expect(tools.map(({ name }) => name)).toEqual(['list_connections', 'connect_account', 'acme_request'])
    const { said, isError } = await client.call('acme_request', { path: '/items', query: { page: 2 } })
    expect(isError).toBe(false)
    expect(said).toMatchObject({ status: 200, body: { method: 'GET', url: '/api/items?page=2' }, connection_id: id })
  })
})
