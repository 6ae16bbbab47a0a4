import { useQueryClient } from '@tanstack/react-query'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { FailureNote } from '../../components/form-field.tsx'
import { meQuery, switchOrganization, useMe } from '../../me.ts'
import { type Member, memberName, removeMember } from '../../members.ts'
import { useEnterOrganization } from '../../shell/enter-organization.ts'
import { useAct } from '../../use-act.ts'
import { useLast } from '../../use-last.ts'

interface RemoveMemberProps {
  /** Undefined keeps the question closed. */
  member: Member | undefined
  onClose: () => void
}

/** Of somebody else, or oneself: then one goes on in another organization, or is told that there is none. */
export function RemoveMember({ member, onClose }: RemoveMemberProps) {
  const { user, organization } = useMe()
  const asked = useLast(member)
  const goOn = useGoingOn()
  const isMe = asked?.user_id === user.id
  const name = asked && memberName(asked)

  const remove = useAct({
    act: ({ user_id }: Member) => removeMember(user_id),
    changes: isMe ? [] : ['members'],
    done: (_, gone) => (gone.user_id === user.id ? `You left ${organization.name}` : `${memberName(gone)} is out`),
    onDone: (_, { user_id }) => {
      onClose()
      if (user_id === user.id) void goOn()
    },
    inForm: true,
  })

  return (
    <ConfirmDialog
      open={member !== undefined}
      onOpenChange={(open) => {
        if (open) return
        remove.reset()
        onClose()
      }}
      title={isMe ? `Leave ${organization.name}?` : `Remove ${name}?`}
      description={
        isMe
          ? 'You are out at once, and your API keys here end. To come back you need a new invitation.'
          : `${name} is out at once, in every browser, and their API keys here end. Their agents stay, and administrators look after them. They can be invited again.`
      }
      action={isMe ? 'Leave organization' : 'Remove member'}
      pending={remove.pending}
      onConfirm={() => member && remove.run(member)}
    >
      {remove.failure && <FailureNote failure={remove.failure} />}
    </ConfirmDialog>
  )
}

/** To another organization, if there is one; else the server's answer says to the shell that there is none. */
function useGoingOn(): () => Promise<void> {
  const client = useQueryClient()
  const enter = useEnterOrganization()
  const { organization, organizations } = useMe()
  return async () => {
    const other = organizations.find(({ id }) => id !== organization.id)
    const me = await (other ? switchOrganization(other.id) : client.fetchQuery({ ...meQuery, staleTime: 0 })).catch(
      () => undefined,
    )
    if (me) enter(me)
  }
}
