import type { Contender, Row } from '../compare.ts'
import type { Client, Side } from '../side.ts'
import { accessTokenOf, type TokenFormat, tokenRequest } from '../token.ts'

/** RFC 6749 section 4.4; the peer also with its opaque tokens, which it stores instead of signing them. */
export function clientCredentials(sides: Side[]): Row {
  const contenders = sides.map((side) => contender(side, side.client, 'jwt', side.name))
  for (const side of sides) {
    if (side.opaqueClient) contenders.push(contender(side, side.opaqueClient, 'opaque', `${side.name}, opaque tokens`))
  }
  return { title: 'token: client_credentials', contenders }
}

function contender(side: Side, client: Client, format: TokenFormat, label: string): Contender {
  const request = Buffer.from(tokenRequest(side, client, 'grant_type=client_credentials'))
  return {
    label,
    side,
    prepare: async () => async (connection) => {
      accessTokenOf(await connection.send(request), format)
    },
  }
}
