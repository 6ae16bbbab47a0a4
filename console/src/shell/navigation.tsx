import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { answer, api } from '../api.ts'
import { cn } from '../components/class-names.ts'
import { type Place, usePlaceGroups } from './places.ts'

/** `onNavigate` closes the sheet that holds this on phones. */
export function Navigation({ onNavigate }: { onNavigate?: () => void }) {
  const groups = usePlaceGroups()
  const pending = usePendingApprovals()
  return (
    <nav aria-label="Console" className="grid content-start gap-5 lg:gap-4">
      {groups.map(({ group, places }) => (
        <div key={group} className="grid gap-1">
          <p className="px-2.5 text-xs font-medium text-muted-foreground">{group}</p>
          <ul className="grid gap-0.5">
            {places.map((place) => (
              <li key={place.to}>
                <PlaceLink place={place} count={place.to === '/approvals' ? pending : 0} onNavigate={onNavigate} />
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  )
}

interface PlaceLinkProps {
  place: Place
  count: number
  onNavigate: (() => void) | undefined
}

function PlaceLink({ place: { to, label, icon: Icon }, count, onNavigate }: PlaceLinkProps) {
  return (
    <Link
      to={to}
      activeOptions={{ exact: to === '/', includeSearch: false }}
      {...(onNavigate && { onClick: onNavigate })}
      className={cn(
        'group flex h-9 items-center gap-2.5 rounded-lg px-2.5 text-sm text-muted-foreground transition-colors lg:h-7.5',
        'hover:bg-hover hover:text-foreground aria-[current=page]:bg-card aria-[current=page]:font-medium',
        'aria-[current=page]:text-foreground aria-[current=page]:shadow-card aria-[current=page]:ring-1 aria-[current=page]:ring-border',
      )}
    >
      <Icon className="size-4 shrink-0 group-aria-[current=page]:text-primary" aria-hidden />
      {label}
      {count > 0 && (
        <span className="ml-auto rounded-full bg-warning-ground px-1.5 text-xs leading-5 font-semibold text-warning tabular-nums">
          {count > 99 ? '99+' : count}
          <span className="sr-only"> waiting</span>
        </span>
      )}
    </Link>
  )
}

/** Kept up to date by the stream of sign-ins, which makes `approvals` stale. */
function usePendingApprovals(): number {
  const { data } = useQuery({
    queryKey: ['approvals', 'pending-count'],
    queryFn: () => answer(api.api.approvals.$get({ query: { status: 'pending' } })),
    select: ({ data: pending }) => pending.length,
  })
  return data ?? 0
}
