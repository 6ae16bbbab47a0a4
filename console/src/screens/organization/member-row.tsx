import { MailQuestion } from 'lucide-react'
import { Badge } from '../../components/badge.tsx'
import { Button } from '../../components/button.tsx'
import { Initials } from '../../components/initials.tsx'
import { RelativeTime } from '../../components/relative-time.tsx'
import { TableCell, TableRow } from '../../components/table.tsx'
import { useMe, usePermissions } from '../../me.ts'
import { type Member, memberName } from '../../members.ts'
import { RoleSelect } from './role-select.tsx'
import { labelOf } from './roles.ts'

interface MemberRowProps {
  member: Member
  onRemove: () => void
  /** Undefined: that is for whoever runs the server. */
  onGive: (() => void) | undefined
}

export function MemberRow({ member, onRemove, onGive }: MemberRowProps) {
  const { user } = useMe()
  const { isAdmin } = usePermissions()
  const isMe = member.user_id === user.id
  const name = memberName(member)
  return (
    <TableRow>
      <TableCell>
        <div className="flex items-center gap-3">
          <Initials name={name} />
          <div className="grid min-w-0 gap-0.5">
            <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
              <span className="font-medium">{name}</span>
              {isMe && <Badge tone="outline">You</Badge>}
              <State member={member} />
            </p>
            <p className="truncate text-[0.8125rem] text-muted-foreground">{member.email}</p>
          </div>
        </div>
      </TableCell>
      <TableCell label="Role">{isAdmin ? <RoleSelect member={member} isMe={isMe} /> : labelOf(member.role)}</TableCell>
      <TableCell label={member.pending ? 'Added' : 'Joined'} className="text-muted-foreground">
        <RelativeTime at={member.joined_at} />
      </TableCell>
      <TableCell className="text-right max-sm:pt-1.5! max-sm:text-left">
        <span className="inline-flex flex-wrap justify-end gap-2">
          {onGive && (
            <Button variant="outline" size="sm" aria-label={`Give credits to ${name}`} onClick={onGive}>
              Give credits
            </Button>
          )}
          {(isAdmin || isMe) && (
            <Button
              variant="outline"
              size="sm"
              aria-label={isMe ? 'Leave the organization' : `Remove ${name}`}
              onClick={onRemove}
            >
              {isMe ? 'Leave' : 'Remove'}
            </Button>
          )}
        </span>
      </TableCell>
    </TableRow>
  )
}

/** Named by somebody else and not in yet, or in with an address that nobody has checked. */
function State({ member }: { member: Member }) {
  if (member.pending)
    return (
      <Badge tone="info" title="Not in before they sign up with this address and confirm it">
        <MailQuestion aria-hidden />
        Pending
      </Badge>
    )
  if (member.email_verified) return null
  return <Badge title="They have not opened the link of the confirmation mail">Email not confirmed</Badge>
}
