import type { Contender, Row } from '../compare.ts'
import type { Connection } from '../connection.ts'
import { member } from '../request.ts'
import type { Side } from '../side.ts'
import { accessTokenOf, tokenRequest } from '../token.ts'
import { prepareTokens } from './prepare.ts'

/** Websites with a sign-in each; more than there are connections, so that no chain is asked twice at once. */
const CHAINS = 256

/** RFC 6749 section 6 with rotation: each request spends the refresh token of the answer before. */
export function refresh(sides: Side[]): Row {
  return { title: 'token: refresh_token', contenders: sides.map(contender) }
}

function contender(side: Side): Contender {
  let chains: string[] | undefined
  return {
    label: side.name,
    side,
    async prepare() {
      chains ??= (await prepareTokens(side, side.client, CHAINS, 'jwt')).map((tokens) => tokens.refreshToken)
      return rotate(side, chains)
    },
  }
}

function rotate(side: Side, idle: string[]) {
  return async (connection: Connection) => {
    const spent = idle.shift()
    const form = `grant_type=refresh_token&refresh_token=${encodeURIComponent(spent ?? '')}`
    const reply = await connection.send(tokenRequest(side, side.client, form))
    accessTokenOf(reply, 'jwt')
    const fresh = member(reply, 'refresh_token')
    if (fresh === spent) throw new Error('The refresh token was not rotated')
    idle.push(fresh)
  }
}
