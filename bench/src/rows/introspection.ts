import type { Contender, Row } from '../compare.ts'
import type { Connection } from '../connection.ts'
import { basic, expectStatus, postForm, UnexpectedReply } from '../request.ts'
import type { Client, Side } from '../side.ts'
import type { TokenFormat } from '../token.ts'
import { prepareTokens } from './prepare.ts'

/** More than a cache of a few answers would hold. */
const TOKENS = 512

/** RFC 7662 for the access tokens of sign-ins. The peer knows only its opaque ones, so it is asked for those. */
export function introspection(sides: Side[]): Row {
  return { title: 'introspection', contenders: sides.map(contender) }
}

function contender(side: Side): Contender {
  const client = side.opaqueClient ?? side.client
  let requests: Buffer[] | undefined
  return {
    label: side.name,
    side,
    async prepare() {
      requests ??= await introspections(side, client, side.opaqueClient ? 'opaque' : 'jwt')
      return ask(requests)
    },
  }
}

async function introspections(side: Side, client: Client, format: TokenFormat): Promise<Buffer[]> {
  const tokens = await prepareTokens(side, client, TOKENS, format)
  const authorization = basic(client.id, client.secret)
  return tokens.map(({ accessToken }) => {
    const form = `token=${accessToken}&token_type_hint=access_token`
    return Buffer.from(postForm(side.endpoints.introspection, form, [authorization]))
  })
}

function ask(requests: Buffer[]) {
  return async (connection: Connection, index: number) => {
    const reply = await connection.send(requests[index % requests.length] ?? '')
    expectStatus(reply, 200)
    if (!reply.body.includes('"active":true')) throw new UnexpectedReply('an active token', reply)
  }
}
