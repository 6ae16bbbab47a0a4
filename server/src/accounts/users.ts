import { z } from '@hono/zod-openapi'
import type { Deps, Principal } from '../context.ts'
import { newId } from '../crypto/ids.ts'
import { ApiError } from '../http/errors.ts'
import { ListQuery, listCursor, nextCursor } from '../http/listing.ts'
import { listActors } from '../storage/audit-events.ts'
import { findStandings } from '../storage/ledger.ts'
import { insertMembership, listOrganizationsOfPeople } from '../storage/memberships.ts'
import { ensurePerson, findPersonWithRole, listPeople, type PersonWithRole } from '../storage/persons.ts'
import { spentSince } from '../storage/usage.ts'
import { EmailAddress, PersonName } from './auth-schemas.ts'
import { spendableIn } from './credit-lots.ts'
import { NANO_PER_CENT } from './credits.ts'

/** `GET /api/admin/users`. */
export const UsersQuery = ListQuery.extend({
  // NUL cannot be stored in Postgres, nor therefore asked for.
  q: z
    .string()
    .max(200)
    .refine((text) => !text.includes('\0'), 'must not hold a NUL')
    .optional(),
})

/** `POST /api/admin/users`. */
export const NewUser = z.object({
  email: EmailAddress,
  name: PersonName,
  role: z.enum(['admin', 'member', 'viewer']).default('member'),
})

export type UserView = Awaited<ReturnType<typeof viewsOf>>[number]

/** Names a person to the operator's organization. It is of use to them once they have signed up and proved the address. */
export async function createUser(
  deps: Deps,
  { orgId, id: actor }: Principal,
  { email, name, role }: z.output<typeof NewUser>,
): Promise<UserView> {
  const now = deps.now()
  const userId = await deps.db.write(async ({ trx, record }) => {
    const person = await ensurePerson(trx, {
      user_id: newId(deps.random, 'user'),
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
    return user_id
  })
  return getUser(deps, orgId, userId)
}

export async function listUsers(deps: Deps, orgId: string, { q, limit, cursor }: z.output<typeof UsersQuery>) {
  const rows = await listPeople(deps.db.read, orgId, { about: q }, limit + 1, listCursor(cursor))
  return {
    data: await viewsOf(deps, rows.slice(0, limit)),
    next_cursor: nextCursor(rows, limit, ({ created_at, user_id }) => ({ created_at, id: user_id })),
  }
}

export async function getUser(deps: Deps, orgId: string, userId: string): Promise<UserView> {
  const person = await findPersonWithRole(deps.db.read, orgId, userId)
  const [view] = await viewsOf(deps, person ? [person] : [])
  if (!view) throw new ApiError('not_found', 'There is no such user')
  return view
}

const SPENT_FOR_MS = 30 * 86_400_000

/** As many people as there are on a page, in as many queries as for one. */
async function viewsOf({ db, now: clock }: Deps, people: readonly PersonWithRole[]) {
  const now = clock()
  const ids = people.map(({ user_id }) => user_id)
  const [organizations, standings, spent, disablers] = await Promise.all([
    listOrganizationsOfPeople(db.read, ids),
    findStandings(db.read, ids),
    spentSince(db.read, ids, now - SPENT_FOR_MS),
    listActors(db.read, 'person.disabled', people.flatMap(disablingOf)),
  ])
  const organizationsOf = Map.groupBy(organizations, ({ user_id }) => user_id)
  const disablerOf = new Map(disablers.map(({ target, actor, name }) => [target, { id: actor, name }]))
  return people.map((person) => {
    const { user_id: id, disabled_at } = person
    const standing = standings.get(id)
    return {
      ...viewOf(person),
      disabled_at: disabled_at === null ? null : new Date(disabled_at).toISOString(),
      disabled_by: disablerOf.get(id) ?? null,
      organizations: (organizationsOf.get(id) ?? []).map(({ org_id, name, role }) => ({ id: org_id, name, role })),
      credits: (standing ? spendableIn(standing, now) : 0) / NANO_PER_CENT,
      spent_30d_cents: (spent.get(id) ?? 0) / NANO_PER_CENT,
    }
  })
}

/** The event has the time that the row has. */
const disablingOf = ({ user_id: target, disabled_at: at }: PersonWithRole) => (at === null ? [] : [{ target, at }])

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
