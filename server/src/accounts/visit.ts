import { AsyncLocalStorage } from 'node:async_hooks'
import type { Database, Work } from '../storage/database.ts'

type Unit = (work: Work) => Promise<void>

/** One call of better-auth: what our tables under it need to know, and what went wrong there. */
export interface Visit {
  /** Below `/api/auth`. */
  path: string
  address: string
  userAgent: string | null
  /** Set where the person who is signed in proves to be there again: no second session is made then. */
  again?: { sessionId: string; userId: string }
  /** The first failure of ours in it: better-auth would answer some as if nothing had been. */
  failure?: unknown
}

export interface Visits {
  run<T>(visit: Visit, call: () => Promise<T>): Promise<T>
  current(): Visit
  /** Writes now, or with the rest of the transaction that better-auth has open. */
  commit(unit: Unit): Promise<void>
  /** Keeps what `commit` is given until `task` has ended well, and writes it in one transaction of ours. */
  together<T>(task: () => Promise<T>): Promise<T>
  /** Runs a part of ours inside better-auth, and remembers its failure. */
  guard<T>(part: () => Promise<T>): Promise<T>
}

/**
 * better-auth hashes passwords and makes mails inside its transactions; ours may wait for nothing but the database. So
 * its writes are put off to the end, and go into one unit of work.
 */
export function createVisits(db: Database): Visits {
  // A draft holds the writes that are to stand or fall together.
  const store = new AsyncLocalStorage<{ visit: Visit; draft?: Unit[] }>()

  function here() {
    const stored = store.getStore()
    if (!stored) throw new Error('better-auth was called outside a visit')
    return stored
  }

  async function guard<T>(part: () => Promise<T>): Promise<T> {
    try {
      return await part()
    } catch (error) {
      here().visit.failure ??= error
      throw error
    }
  }

  return {
    run: (visit, call) => store.run({ visit }, call),
    current: () => here().visit,
    guard,
    async commit(unit) {
      const { draft } = here()
      if (draft) draft.push(unit)
      else await guard(() => db.write(unit))
    },
    async together(task) {
      const draft: Unit[] = []
      const result = await store.run({ visit: here().visit, draft }, task)
      if (draft.length > 0)
        await guard(() =>
          db.write(async (work) => {
            for (const unit of draft) await unit(work)
          }),
        )
      return result
    },
  }
}
