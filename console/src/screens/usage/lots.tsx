import type { CreditLot } from '../../fuel.ts'
import { balanceOf } from '../../money.ts'

const DAY = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'long' })
const FAR_DAY = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'long', year: 'numeric' })
const YEAR_MS = 365 * 86_400_000

interface LotsProps {
  lots: readonly CreditLot[]
  now: number
}

/** Those of the credits that apps gave: what is spent first stands first. */
export function Lots({ lots, now }: LotsProps) {
  if (lots.length === 0) return null
  return (
    <ul aria-label="Credits that apps gave you, in the order in which they are spent" className="mb-2 grid gap-0.5">
      {lots.map((lot, at) => (
        <li key={`${lot.client_id} ${lot.expires_at}`}>
          {at === 0 ? 'Of these,' : 'and'}{' '}
          <span className="font-medium text-foreground tabular-nums">{balanceOf(lot.credits)}</span> from{' '}
          <bdi>{lot.client_name ?? 'an app that is gone'}</bdi>
          {lot.expires_at !== null && <> until {dayOf(lot.expires_at, now)}</>}
          {lot.excluded_models.length > 0 && (
            <>
              ; not for <span className="wrap-anywhere">{lot.excluded_models.join(', ')}</span>
            </>
          )}
        </li>
      ))}
    </ul>
  )
}

function dayOf(at: string, now: number): string {
  const day = new Date(at)
  return (day.getTime() - now > YEAR_MS ? FAR_DAY : DAY).format(day)
}
