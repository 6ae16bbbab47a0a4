import { creditsOf, lotsOf } from '../../accounts/credits.ts'
import type { Deps } from '../../context.ts'
import { findPerson, updatePerson } from '../../storage/persons.ts'
import type { PaymentMethod } from '../../storage/schema.ts'
import type { BudgetOwner } from './budget-owner.ts'

/** What a person pays by, and the cents that they can spend; those of them that apps gave are in `lots`. */
export async function getPaymentMethod(deps: Deps, { id }: BudgetOwner) {
  const person = await findPerson(deps.db.read, id)
  return {
    payment_method: person?.payment_method ?? 'credits',
    credits: await creditsOf(deps, id),
    lots: await lotsOf(deps, id),
  }
}

/** Of the next call on; those under way are paid as they began. */
export async function setPaymentMethod(deps: Deps, method: PaymentMethod, person: BudgetOwner) {
  const now = deps.now()
  await deps.db.write(async ({ trx, record }) => {
    await updatePerson(trx, person.id, { payment_method: method, updated_at: now })
    record({
      at: now,
      org_id: person.orgId,
      actor: person.id,
      action: 'person.payment_method_set',
      target: person.id,
      detail: { payment_method: method },
    })
  })
  return getPaymentMethod(deps, person)
}
