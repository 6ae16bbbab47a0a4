import { z } from '@hono/zod-openapi'
import type { Deps, Principal } from '../context.ts'
import { newId } from '../crypto/ids.ts'
import { ApiError } from '../http/errors.ts'
import { listCursor, nextCursor } from '../http/listing.ts'
import { insertMembership } from '../storage/memberships.ts'
import { ensurePerson, findPersonWithRole, listPeople, type PersonWithRole } from '../storage/persons.ts'
import { EmailAddress, PersonName } from './auth-schemas.ts'

/** `POST /api/admin/users`. */
export const NewUser = z.object({
  email: EmailAddress,
  name: PersonName,
  role: z.enum(['admin', 'member', 'viewer']).default('member'),
})

export type UserView = ReturnType<typeof viewOf>

/** Names a person to the operator's organization. It is of use to them once they have signed up and proved the address. */
export async function createUser(
  { db, random, now: clock }: Deps,
  { orgId, id: actor }: Principal,
  { email, name, role }: z.output<typeof NewUser>,
): Promise<UserView> {
  const now = clock()
  return db.write(async ({ trx, record }) => {
    const person = await ensurePerson(trx, {
      user_id: newId(random, 'user'),
      org_id: orgId,
      email,
      name,
      email_verified_at: null,
      registered_at: null,
      created_at: now,
    })
    const { user_id } = person
    if (!(await insertMembership(trx, { org_id: orgId, user_id, role, needs_proof: 1, created_at: now })))
      throw new ApiError('conflict', 'There is a user with this address already')
    const detail = { role }
    record({ at: now, org_id: orgId, actor, action: 'organization.member_added', target: user_id, detail })
    return viewOf({ ...person, role })
  })
}

export async function listUsers({ db }: Deps, orgId: string, limit: number, cursor: string | undefined) {
  const rows = await listPeople(db.read, orgId, limit + 1, listCursor(cursor))
  return {
    data: rows.slice(0, limit).map(viewOf),
    next_cursor: nextCursor(rows, limit, ({ created_at, user_id }) => ({ created_at, id: user_id })),
  }
}

export async function getUser({ db }: Deps, orgId: string, userId: string): Promise<UserView> {
  const person = await findPersonWithRole(db.read, orgId, userId)
  if (!person) throw new ApiError('not_found', 'There is no such user')
  return viewOf(person)
}

function viewOf(person: PersonWithRole) {
  return {
    id: person.user_id,
    email: person.email,
    name: person.name,
    role: person.role,
    email_verified: person.email_verified_at !== null,
    registered: person.registered_at !== null,
    disabled: person.disabled_at !== null,
    created_at: new Date(person.created_at).toISOString(),
  }
}
