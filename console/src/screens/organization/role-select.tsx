import { useState } from 'react'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { FailureNote } from '../../components/form-field.tsx'
import { Select, SelectContent, SelectItem, SelectTrigger, SelectValue } from '../../components/select.tsx'
import type { Role } from '../../me.ts'
import { changeRole, type Member, memberName } from '../../members.ts'
import { useAct } from '../../use-act.ts'
import { asRole, ROLES } from './roles.ts'

interface RoleSelectProps {
  member: Member
  isMe: boolean
}

/** Changes at once, for it can be changed back; but not by who gives up being an administrator, who is asked first. */
export function RoleSelect({ member, isMe }: RoleSelectProps) {
  const [asked, ask] = useState<Role>()
  const name = memberName(member)
  const change = useAct({
    act: (role: Role) => changeRole(member.user_id, role),
    changes: ['members', 'me'],
    done: (_, role) => (isMe ? `You are ${asRole(role)} now` : `${name} is ${asRole(role)} now`),
    onDone: () => ask(undefined),
    inForm: isMe,
  })
  // The new one while it is on its way; the old one again where it was refused.
  const shown = change.pending && !isMe ? change.tried : member.role

  return (
    <>
      <Select value={shown ?? member.role} onValueChange={(role: Role) => (isMe ? ask(role) : change.run(role))}>
        <SelectTrigger className="max-w-44" aria-label={`Role of ${name}`} aria-busy={change.pending || undefined}>
          <SelectValue />
        </SelectTrigger>
        <SelectContent className="max-w-80">
          {ROLES.map(({ role, label, can }) => (
            <SelectItem key={role} value={role} description={can}>
              {label}
            </SelectItem>
          ))}
        </SelectContent>
      </Select>
      <ConfirmDialog
        open={asked !== undefined}
        onOpenChange={(open) => {
          if (open) return
          ask(undefined)
          change.reset()
        }}
        title="Give up your own rights?"
        description={`You would be ${asked && asRole(asked)}, and could not undo it yourself: another administrator would have to.`}
        action="Give them up"
        pending={change.pending}
        onConfirm={() => asked && change.run(asked)}
      >
        {change.failure && <FailureNote failure={change.failure} />}
      </ConfirmDialog>
    </>
  )
}
