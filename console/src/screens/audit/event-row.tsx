import {
  AppWindow,
  Bot,
  Building2,
  ChevronDown,
  Coins,
  Fingerprint,
  KeyRound,
  LogIn,
  type LucideIcon,
  Mail,
  PlugZap,
  ScrollText,
  ShieldCheck,
  Ticket,
  UserRound,
} from 'lucide-react'
import { useId, useState } from 'react'
import type { Tone } from '../../components/badge.tsx'
import { cn } from '../../components/class-names.ts'
import { absoluteTime } from '../../components/relative-time.tsx'
import type { Names } from '../../names.ts'
import { kindOf, toneOf } from './actions.ts'
import type { AuditEvent } from './audit-log.ts'
import { EventDetail } from './event-detail.tsx'
import { EventSentence } from './event-sentence.tsx'

const ICONS: Record<string, LucideIcon> = {
  agent: Bot,
  approval: ShieldCheck,
  client: AppWindow,
  token: Ticket,
  grant: Ticket,
  app: PlugZap,
  api_key: KeyRound,
  credits: Coins,
  person: UserRound,
  passkey: Fingerprint,
  session: LogIn,
  organization: Building2,
  invitation: Mail,
}

const GROUNDS: Record<Tone, string> = {
  neutral: 'bg-muted text-muted-foreground',
  success: 'bg-success-ground text-success',
  warning: 'bg-warning-ground text-warning',
  danger: 'bg-destructive-ground text-destructive',
  info: 'bg-info-ground text-info',
}

const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' })

export function EventRow({ event, names }: { event: AuditEvent; names: Names }) {
  const [open, setOpen] = useState(false)
  const id = useId()
  const Icon = ICONS[kindOf(event.action)] ?? ScrollText
  return (
    <li>
      <div className="relative flex items-start gap-3 px-4 py-2.5 transition-colors hover:bg-hover sm:px-5">
        <span
          aria-hidden
          className={cn('grid size-7 shrink-0 place-items-center rounded-full', GROUNDS[toneOf(event)])}
        >
          <Icon className="size-4" />
        </span>
        <div className="grid min-w-0 flex-1 gap-x-4 gap-y-0.5 pt-1 lg:grid-cols-[minmax(0,1fr)_13rem_6.5rem]">
          <p>
            <EventSentence event={event} names={names} />
          </p>
          <div className="flex flex-wrap justify-between gap-x-4 text-xs leading-5 text-muted-foreground lg:contents">
            <code className="font-mono">{event.action}</code>
            <time dateTime={event.at} title={absoluteTime(event.at)} className="tabular-nums lg:text-right">
              {CLOCK.format(new Date(event.at))}
            </time>
          </div>
        </div>
        <button
          type="button"
          aria-expanded={open}
          aria-controls={id}
          aria-label={`Details of ${event.action} at ${absoluteTime(event.at)}`}
          onClick={() => setOpen(!open)}
          className="grid size-7 shrink-0 place-items-center rounded-md text-muted-foreground after:absolute after:inset-0 hover:text-foreground"
        >
          <ChevronDown className={cn('size-4 transition-transform', open && 'rotate-180')} aria-hidden />
        </button>
      </div>
      <div id={id} hidden={!open}>
        {open && <EventDetail event={event} />}
      </div>
    </li>
  )
}
