import { createAdapterFactory, type DBAdapter, type Where } from '@better-auth/core/db/adapter'
import type { BetterAuthOptions } from 'better-auth/minimal'
import { modelTables } from './tables/index.ts'
import type { AccountsWorld, Criteria, Model } from './tables/table.ts'

/**
 * better-auth's storage is our database: every write is one of our transactions, with its audit event. better-auth reads
 * the machine's clock, we `now`: `machineNow` is that clock, and times are moved from the one to the other on the way.
 */
export function createAuthAdapter(world: AccountsWorld, machineNow: () => number) {
  const tables = modelTables(world)
  const { visits } = world
  const ahead = () => world.now() - machineNow()

  function table(model: string) {
    const found = tables.get(model)
    if (!found) throw new Error(`better-auth has no model ${model} here`)
    return found
  }

  const factory = createAdapterFactory<BetterAuthOptions>({
    config: {
      adapterId: 'auth-agent',
      usePlural: false,
      // Ids are made where the rows are, by their kind.
      disableIdGeneration: true,
      transaction: (task) => visits.together(() => task(adapter())),
      customTransformInput: ({ data, fieldAttributes }) =>
        fieldAttributes.type === 'date' && data instanceof Date ? data.getTime() + ahead() : data,
      customTransformOutput: ({ data, fieldAttributes }) =>
        fieldAttributes.type === 'date' && typeof data === 'number' ? new Date(data - ahead()) : data,
    },
    adapter: () => ({
      create: ({ model, data }) => visits.guard(async () => (await table(model).create(data)) as never),
      findOne: ({ model, where }) =>
        visits.guard(async () => ((await table(model).find(criteria(where)))[0] ?? null) as never),
      findMany: ({ model, where, limit }) =>
        visits.guard(async () => (await table(model).find(criteria(where))).slice(0, limit) as never),
      count: ({ model, where }) => visits.guard(async () => (await table(model).find(criteria(where))).length),
      update: ({ model, where, update }) =>
        visits.guard(async () => ((await table(model).update(criteria(where), update as Model))[0] ?? null) as never),
      updateMany: ({ model, where, update }) =>
        visits.guard(async () => (await table(model).update(criteria(where), update)).length),
      delete: async ({ model, where }) => {
        await visits.guard(() => table(model).delete(criteria(where)))
      },
      deleteMany: ({ model, where }) => visits.guard(() => table(model).delete(criteria(where))),
      consumeOne: ({ model, where }) =>
        visits.guard(async () => ((await table(model).consume?.(criteria(where))) ?? null) as never),
    }),
  })

  let made: DBAdapter<BetterAuthOptions> | undefined
  function adapter(): DBAdapter<BetterAuthOptions> {
    if (!made) throw new Error('better-auth has not been opened')
    return made
  }
  return (options: BetterAuthOptions) => {
    made = factory(options)
    return made
  }
}

/** All that better-auth asks here is that fields equal something. */
function criteria(where: readonly Where[] | undefined): Criteria {
  const by: Model = {}
  for (const { field, operator = 'eq', value, connector = 'AND' } of where ?? []) {
    if (operator !== 'eq' || connector !== 'AND')
      throw new Error(`better-auth asks for ${field} by ${connector} ${operator}`)
    by[field] = value
  }
  return by
}
