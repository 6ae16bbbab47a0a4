import { useQuery } from '@tanstack/react-query'
import { FormField } from '../../components/form-field.tsx'
import { Select, SelectContent, SelectItem, SelectTrigger, SelectValue } from '../../components/select.tsx'
import { useMe, usePermissions } from '../../me.ts'
import { manyMembersQuery, memberName } from '../../members.ts'

interface OwnerFieldProps {
  /** Email of a member; empty is oneself. */
  owner: string
  onChange: (owner: string) => void
}

/** An administrator can make an agent for another member. Nobody else has a choice, so nobody else is asked. */
export function OwnerField({ owner, onChange }: OwnerFieldProps) {
  const { user } = useMe()
  const { isAdmin } = usePermissions()
  const { data = [] } = useQuery({ ...manyMembersQuery, enabled: isAdmin })
  const members = data.filter(({ pending }) => !pending)
  if (!isAdmin || members.length < 2) return null
  return (
    <FormField
      label="Acts for"
      name="user_email"
      hint="Its owner: websites learn whom it acts for, and approvals go here."
    >
      {(control) => (
        <Select value={owner || user.email} onValueChange={(email) => onChange(email === user.email ? '' : email)}>
          <SelectTrigger {...control}>
            <SelectValue />
          </SelectTrigger>
          <SelectContent>
            {members.map((member) => (
              <SelectItem key={member.user_id} value={member.email} description={member.email}>
                {member.user_id === user.id ? `${memberName(member)} (you)` : memberName(member)}
              </SelectItem>
            ))}
          </SelectContent>
        </Select>
      )}
    </FormField>
  )
}
