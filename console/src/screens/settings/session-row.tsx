import { Monitor, Smartphone, Terminal } from 'lucide-react'
import { Badge } from '../../components/badge.tsx'
import { Button } from '../../components/button.tsx'
import { RelativeTime } from '../../components/relative-time.tsx'
import { type Device, deviceOf } from './device.ts'
import type { Session } from './session.ts'

const ICONS = { computer: Monitor, phone: Smartphone, program: Terminal } satisfies Record<Device['kind'], unknown>

interface SessionRowProps {
  session: Session
  ending: boolean
  onEnd: () => void
}

export function SessionRow({ session, ending, onEnd }: SessionRowProps) {
  const { name, kind } = deviceOf(session.user_agent)
  const Icon = ICONS[kind]
  return (
    <li className="flex items-center gap-3 px-4 py-3.5 sm:gap-4 sm:px-5">
      <span className="grid size-9 shrink-0 place-items-center rounded-lg bg-muted text-muted-foreground">
        <Icon className="size-5 stroke-[1.75]" aria-hidden />
      </span>
      <div className="grid min-w-0 flex-1 gap-0.5">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <span className="font-medium" title={session.user_agent ?? undefined}>
            {name}
          </span>
          {session.current && <Badge tone="success">This browser</Badge>}
        </p>
        <p className="text-[0.8125rem] text-muted-foreground">
          {session.ip_address && (
            <>
              <span className="font-mono text-xs">{session.ip_address}</span> ·{' '}
            </>
          )}
          signed in <RelativeTime at={session.created_at} />
        </p>
      </div>
      {!session.current && (
        <Button variant="outline" size="sm" pending={ending} aria-label={`Sign out ${name}`} onClick={onEnd}>
          Sign out
        </Button>
      )}
    </li>
  )
}
