import { newId } from '../../crypto/ids.ts'
import { ApiError } from '../../http/errors.ts'
import { findHome } from '../../storage/memberships.ts'
import { findPerson, findPersonByEmail, type PersonRow, registerPerson, updatePerson } from '../../storage/persons.ts'
import { proveAddress, settle } from '../registration.ts'
import {
  type AccountsWorld,
  type Criteria,
  type Model,
  type ModelTable,
  optionalText,
  text,
  unknownQuestion,
} from './table.ts'

/** better-auth's `user`. People whom others only named are none. */
export function personTable(world: AccountsWorld): ModelTable {
  const { db, visits, random, now: clock } = world

  return {
    async create(data) {
      const now = clock()
      const email = text(data.email)
      const named = await findPersonByEmail(db.read, email)
      const person: PersonRow & { registered_at: number } = {
        user_id: named?.user_id ?? newId(random, 'user'),
        org_id: named?.org_id ?? world.orgId,
        email,
        name: text(data.name).trim() || email,
        image: optionalText(data.image),
        email_verified_at: null,
        registered_at: now,
        payment_method: 'credits',
        created_at: named?.created_at ?? now,
        updated_at: now,
        disabled_at: named?.disabled_at ?? null,
      }
      const { path, address } = visits.current()
      await visits.commit(async (work) => {
        if (!(await registerPerson(work.trx, person)))
          throw new ApiError('conflict', 'Somebody is signing up with this address just now; sign in instead')
        const { user_id } = person
        if (data.emailVerified) await proveAddress(world, work, user_id, now)
        else await settle(world, work, person, now)
        const org_id = await findHome(work.trx, user_id)
        const detail = { address, by: path }
        work.record({ at: now, org_id, actor: user_id, action: 'person.registered', target: user_id, detail })
      })
      return { ...modelOf(person), emailVerified: Boolean(data.emailVerified) }
    },

    async find(by) {
      const person = await findBy(world, by)
      return person ? [modelOf(person)] : []
    },

    async update(by, changes) {
      const person = await findBy(world, by)
      if (!person) return []
      const now = clock()
      const { user_id: userId } = person
      let updated: PersonRow | undefined = person
      await visits.commit(async (work) => {
        if (changes.emailVerified) await proveAddress(world, work, userId, now)
        if (changes.name !== undefined) {
          await updatePerson(work.trx, userId, { name: text(changes.name), updated_at: now })
          const org_id = await findHome(work.trx, userId)
          work.record({ at: now, org_id, actor: userId, action: 'person.updated', target: userId })
        }
        updated = await findPerson(work.trx, userId)
      })
      return [modelOf(updated)]
    },

    delete: async (by) => {
      throw unknownQuestion('user', by)
    },
  }
}

async function findBy({ db }: AccountsWorld, by: Criteria): Promise<PersonRow | undefined> {
  const person =
    by.id !== undefined
      ? await findPerson(db.read, text(by.id))
      : by.email !== undefined
        ? await findPersonByEmail(db.read, text(by.email))
        : undefined
  if (by.id === undefined && by.email === undefined) throw unknownQuestion('user', by)
  return person?.registered_at == null ? undefined : person
}

function modelOf(person: PersonRow): Model {
  return {
    id: person.user_id,
    email: person.email,
    name: person.name,
    image: person.image,
    emailVerified: person.email_verified_at !== null,
    createdAt: person.registered_at ?? person.created_at,
    updatedAt: person.updated_at ?? person.created_at,
  }
}
