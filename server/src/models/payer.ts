import type { Deps, PersonPrincipal, Principal } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { findAgent } from '../storage/agents.ts'
import { findRole } from '../storage/memberships.ts'
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
  /** What the key may call; null: everything. */
  models: readonly string[] | null
  paymentMethod: PaymentMethod
}

/** An agent spends what its owner has; a key what its person has, if its scope says so. Throws `permission_denied`. */
export async function payerOf({ db }: Pick<Deps, 'db'>, principal: Principal): Promise<Payer> {
  const made = await madeBy({ db }, principal)
  const person = await findPerson(db.read, made.userId)
  if (!person) throw new ApiError('permission_denied', 'Whose budget this call would go on is not known any more')
  if (person.disabled_at !== null)
    throw new ApiError('permission_denied', 'Whose budget this call would go on is disabled; ask the operator')
  return { ...made, paymentMethod: person.payment_method }
}

const BY_THEMSELVES = { clientId: null, agentId: null, keyId: null, models: null }

/** Where viewers may only look: whoever is one, or acts for one, calls no model. */
export async function requireMayCall(
  { config, db }: Pick<Deps, 'config' | 'db'>,
  principal: Principal,
  { orgId, userId }: Payer,
): Promise<void> {
  if (config.chat.viewersMayChat) return
  const role = principal.kind === 'outside' ? principal.role : await findRole(db.read, orgId, userId)
  if (role === 'viewer')
    throw new ApiError(
      'permission_denied',
      'Viewers see the models, and call none; ask an administrator to be a member',
    )
}

async function madeBy({ db }: Pick<Deps, 'db'>, principal: Principal): Promise<Omit<Payer, 'paymentMethod'>> {
  const { orgId, id } = principal
  if (principal.kind === 'person') return ofPerson(principal)
  if (principal.kind === 'outside') return { ...BY_THEMSELVES, userId: id, orgId }
  if (principal.kind === 'operator')
    throw new ApiError('permission_denied', 'The admin key has no budget: call models with an API key, or as an agent')
  const agent = await findAgent(db.read, id)
  return { ...BY_THEMSELVES, userId: agent?.user_id ?? '', orgId, agentId: id }
}

function ofPerson({ id, orgId, credential }: PersonPrincipal): Omit<Payer, 'paymentMethod'> {
  if (credential.kind === 'session') return { ...BY_THEMSELVES, userId: id, orgId }
  if (!credential.scope.split(' ').includes('agent-fuel'))
    throw new ApiError('permission_denied', 'The API key needs the scope agent-fuel to call models')
  const { clientId, keyId, models } = credential
  return { userId: id, orgId, clientId, agentId: null, keyId, models }
}
