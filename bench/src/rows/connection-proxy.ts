import type { Row } from '../compare.ts'
import type { Connected } from '../connected.ts'
import { expectStatus, get, member } from '../request.ts'

const PATH = '/repositories?sort=name'

/** The same call of the same API, through the proxy and past it. */
export function connectionProxy({ subject, authorization, connectionIds, provider }: Connected): Row {
  const proxied = connectionIds.map((id) => Buffer.from(get(`/v1/proxy/${id}${PATH}`, [authorization])))
  const direct = Buffer.from(get(`/api${PATH}`, [authorization]))
  return {
    title: 'a call of the API',
    contenders: [
      {
        label: 'through the proxy',
        side: subject,
        prepare: async () => async (connection, index) => {
          const reply = await connection.send(proxied[index % proxied.length] ?? direct)
          expectStatus(reply, 200)
          member(reply, 'name')
        },
      },
      {
        label: 'directly',
        side: { server: provider },
        prepare: async () => async (connection) => {
          const reply = await connection.send(direct)
          expectStatus(reply, 200)
          member(reply, 'name')
        },
      },
    ],
  }
}
