import type { Row } from '../compare.ts'
import type { Side } from '../side.ts'
import { exchange } from '../token.ts'

/** From a click on the button to the website's tokens, each in a fresh browser: four requests on every side. */
export function signIn(sides: Side[]): Row {
  return {
    title: 'sign-in, all of it',
    contenders: sides.map((side) => ({
      label: side.name,
      side,
      prepare: async () => async (connection, index) => {
        await exchange(side, connection, side.client, await side.signIn(connection, side.client, index))
      },
    })),
  }
}
