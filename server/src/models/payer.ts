import type { Deps, PersonPrincipal, Principal } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { findAgent } from '../storage/agents.ts'
import { findPerson } from '../storage/persons.ts'
import type { PaymentMethod } from '../storage/schema.ts'

/** On whose budget a call goes, and who made it for them. */
export interface Payer {
  userId: string
  orgId: string
  /** The app that holds the key. */
  clientId: string | null
  agentId: string | null
  keyId: string | null
  paymentMethod: PaymentMethod
}

/** An agent spends what its owner has; a key what its person has, if its scope says so. Throws `permission_denied`. */
export async function payerOf({ db }: Pick<Deps, 'db'>, principal: Principal): Promise<Payer> {
  const made = await madeBy({ db }, principal)
  const person = await findPerson(db.read, made.userId)
  if (!person) throw new ApiError('permission_denied', 'Whose budget this call would go on is not known any more')
  return { ...made, paymentMethod: person.payment_method }
}

async function madeBy({ db }: Pick<Deps, 'db'>, principal: Principal): Promise<Omit<Payer, 'paymentMethod'>> {
  const { orgId, id } = principal
  if (principal.kind === 'person') return ofPerson(principal)
  if (principal.kind === 'outside') return { userId: id, orgId, clientId: null, agentId: null, keyId: null }
  if (principal.kind === 'operator')
    throw new ApiError('permission_denied', 'The admin key has no budget: call models with an API key, or as an agent')
  const agent = await findAgent(db.read, id)
  return { userId: agent?.user_id ?? '', orgId, clientId: null, agentId: id, keyId: null }
}

function ofPerson({ id, orgId, credential }: PersonPrincipal): Omit<Payer, 'paymentMethod'> {
  if (credential.kind === 'session') return { userId: id, orgId, clientId: null, agentId: null, keyId: null }
  if (!credential.scope.split(' ').includes('agent-fuel'))
    throw new ApiError('permission_denied', 'The API key needs the scope agent-fuel to call models')
  return { userId: id, orgId, clientId: credential.clientId, agentId: null, keyId: credential.keyId }
}
