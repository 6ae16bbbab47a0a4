import {
  Ban,
  CircleCheck,
  CircleDashed,
  CircleStop,
  CircleX,
  Clock,
  type LucideIcon,
  MailQuestion,
  ShieldQuestion,
  UserRoundCheck,
} from 'lucide-react'
import { Badge, type Tone } from './badge.tsx'

interface Look {
  label: string
  tone: Tone
  icon: LucideIcon
}

/** Every state that the server names, in words and with a sign of its own: colour alone tells too few people. */
const LOOKS: Record<string, Look> = {
  pending: { label: 'Waiting', tone: 'info', icon: CircleDashed },
  approval_required: { label: 'Needs approval', tone: 'warning', icon: ShieldQuestion },
  authenticated: { label: 'Authenticated', tone: 'info', icon: UserRoundCheck },
  completed: { label: 'Signed in', tone: 'success', icon: CircleCheck },
  approved: { label: 'Approved', tone: 'success', icon: CircleCheck },
  denied: { label: 'Denied', tone: 'danger', icon: Ban },
  failed: { label: 'Failed', tone: 'danger', icon: CircleX },
  expired: { label: 'Expired', tone: 'neutral', icon: Clock },
  active: { label: 'Active', tone: 'success', icon: CircleCheck },
  disabled: { label: 'Disabled', tone: 'neutral', icon: Ban },
  revoked: { label: 'Revoked', tone: 'neutral', icon: Ban },
  withdrawn: { label: 'Withdrawn', tone: 'neutral', icon: Ban },
  // Calls of models.
  client_closed: { label: 'Stopped', tone: 'neutral', icon: CircleStop },
  lost: { label: 'Lost', tone: 'warning', icon: CircleDashed },
  // Breakers in front of providers.
  closed: { label: 'Serving', tone: 'success', icon: CircleCheck },
  open: { label: 'Not answering', tone: 'danger', icon: CircleX },
  half_open: { label: 'Being tried again', tone: 'warning', icon: CircleDashed },
  // MCP servers.
  ready: { label: 'Ready', tone: 'success', icon: CircleCheck },
  authorization_required: { label: 'Authorize first', tone: 'warning', icon: ShieldQuestion },
  command_not_allowed: { label: 'Program not allowed', tone: 'danger', icon: Ban },
  invited: { label: 'Invited', tone: 'info', icon: MailQuestion },
}

interface StatusBadgeProps {
  status: string
  /** Instead of the usual words. */
  label?: string
}

export function StatusBadge({ status, label }: StatusBadgeProps) {
  const look = LOOKS[status]
  if (!look) return <Badge>{label ?? status.replaceAll('_', ' ')}</Badge>
  const Icon = look.icon
  return (
    <Badge tone={look.tone}>
      <Icon aria-hidden />
      {label ?? look.label}
    </Badge>
  )
}
