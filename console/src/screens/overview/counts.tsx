import { Link, type LinkProps } from '@tanstack/react-router'
import { AppWindow, Bot, LogIn, type LucideIcon, ShieldQuestion } from 'lucide-react'
import { cn } from '../../components/class-names.ts'
import type { Overview } from './overview-query.ts'

interface Tile {
  name: keyof Overview['counts']
  label: string
  to: NonNullable<LinkProps['to']>
  icon: LucideIcon
}

const TILES: readonly Tile[] = [
  { name: 'agents', label: 'Agents', to: '/agents', icon: Bot },
  { name: 'applications', label: 'Applications', to: '/applications', icon: AppWindow },
  { name: 'live_sign_ins', label: 'Signed in now', to: '/sign-ins', icon: LogIn },
  { name: 'pending_approvals', label: 'To approve', to: '/approvals', icon: ShieldQuestion },
]

/** How many there are of what, each leading there. */
export function Counts({ counts }: { counts: Overview['counts'] }) {
  return (
    <ul aria-label="How many there are" className="grid grid-cols-2 gap-3 lg:grid-cols-4">
      {TILES.map(({ name, label, to, icon: Icon }) => (
        <li key={name}>
          <Link
            to={to}
            className="grid gap-2 rounded-xl border bg-card p-4 shadow-card transition-colors hover:border-input"
          >
            <span className="flex items-center justify-between gap-2 text-[0.8125rem] text-muted-foreground">
              {label}
              <Icon className="size-4 shrink-0" aria-hidden />
            </span>
            <span
              className={cn(
                'text-2xl leading-none font-semibold tracking-tight tabular-nums',
                name === 'pending_approvals' && counts[name] > 0 && 'text-warning',
              )}
            >
              {counts[name].toLocaleString('en')}
            </span>
          </Link>
        </li>
      ))}
    </ul>
  )
}
