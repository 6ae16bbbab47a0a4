import type { Deps, Principal } from '../context.ts'
import { firstIdAt } from '../crypto/ids.ts'
import { countOverview } from '../storage/overview.ts'
import { countSignInsByDay } from '../storage/sign-ins.ts'

const DAYS = 14
const DAY_MS = 86_400_000

/** What a person sees first: the first steps, how many there are of what, and the last two weeks. */
export async function overview({ db, now: clock }: Deps, principal: Principal) {
  const now = clock()
  const today = Math.floor(now / DAY_MS)
  const first = today - DAYS + 1
  const [counts, counted] = await Promise.all([
    countOverview(db.read, principal.orgId, now),
    countSignInsByDay(db.read, principal.orgId, firstIdAt('req', first * DAY_MS)),
  ])
  const byDay = new Map(counted.map((day) => [day.day, day]))
  const { signed_in_ever: signedInEver, ...shown } = counts
  return {
    checklist: {
      email_verified: principal.kind !== 'person' || principal.emailVerified,
      agent: counts.agents > 0,
      application: counts.applications > 0,
      sign_in: signedInEver > 0,
    },
    counts: shown,
    days: Array.from({ length: DAYS }, (_, index) => {
      const { signed_in, failed } = byDay.get(first + index) ?? { signed_in: 0, failed: 0 }
      return { date: new Date((first + index) * DAY_MS).toISOString().slice(0, 10), signed_in, failed }
    }),
  }
}
