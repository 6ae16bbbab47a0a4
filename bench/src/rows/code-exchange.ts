import type { Contender, Row } from '../compare.ts'
import type { Side } from '../side.ts'
import { accessTokenOf, codeRequest } from '../token.ts'
import { prepareCodes } from './prepare.ts'

/** RFC 6749 section 4.1.3, with codes that wait; they live for a minute, and to make one costs more than to spend it. */
export function codeExchange(sides: Side[]): Row {
  return { title: 'token: authorization_code', contenders: sides.map(contender), limit: 500 }
}

function contender(side: Side): Contender {
  return { label: side.name, side, prepare: (count) => prepare(side, count) }
}

async function prepare(side: Side, count: number) {
  const codes = await prepareCodes(side, side.client, count)
  const requests = codes.map((granted) => Buffer.from(codeRequest(side, side.client, granted)))
  return async (connection: Parameters<typeof side.signIn>[0], index: number) => {
    accessTokenOf(await connection.send(requests[index] ?? ''), 'jwt')
  }
}
