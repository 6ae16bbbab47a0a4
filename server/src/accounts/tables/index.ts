import { accountTable } from './account.ts'
import { passkeyTable } from './passkey.ts'
import { personTable } from './person.ts'
import { sessionTable } from './session.ts'
import type { AccountsWorld, ModelTable } from './table.ts'
import { verificationTable } from './verification.ts'

/** better-auth's models over our tables, by their name there. */
export function modelTables(world: AccountsWorld): ReadonlyMap<string, ModelTable> {
  return new Map([
    ['user', personTable(world)],
    ['session', sessionTable(world)],
    ['account', accountTable(world)],
    ['verification', verificationTable(world)],
    ['passkey', passkeyTable(world)],
  ])
}
