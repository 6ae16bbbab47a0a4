import type { Row } from '../compare.ts'
import type { Connected } from '../connected.ts'
import { expectStatus, get, member } from '../request.ts'

/** A fresh token of a connection, beside a server that does nothing but answer. */
export function connectionToken({ subject, authorization, connectionIds, provider }: Connected): Row {
  const requests = connectionIds.map((id) => Buffer.from(get(`/v1/token/${id}`, [authorization])))
  const bare = Buffer.from(get('/api/repositories', [authorization]))
  return {
    title: 'GET /v1/token/{id}, fresh',
    contenders: [
      {
        label: 'auth-agent',
        side: subject,
        prepare: async () => async (connection, index) => {
          const reply = await connection.send(requests[index % requests.length] ?? bare)
          expectStatus(reply, 200)
          member(reply, 'access_token')
        },
      },
      {
        label: 'bare node:http',
        side: { server: provider },
        prepare: async () => async (connection) => expectStatus(await connection.send(bare), 200),
      },
    ],
  }
}
