import { queryOptions, useQuery } from '@tanstack/react-query'
import { answer, api } from '../../api.ts'
import { FormField } from '../../components/form-field.tsx'
import { Select, SelectContent, SelectItem, SelectTrigger, SelectValue } from '../../components/select.tsx'
import { useMe, usePermissions } from '../../me.ts'

/** More than a list to choose from can show anyway. */
const MOST = 200

const ownersQuery = queryOptions({
  queryKey: ['members', 'owners'],
  queryFn: ({ signal }) => answer(api.api.members.$get({ query: { limit: String(MOST) } }, { init: { signal } })),
  select: ({ data }) => data.filter(({ pending }) => !pending),
})

interface OwnerFieldProps {
  /** Email of a member; empty is oneself. */
  owner: string
  onChange: (owner: string) => void
}

/** An administrator can make an agent for another member. Nobody else has a choice, so nobody else is asked. */
export function OwnerField({ owner, onChange }: OwnerFieldProps) {
  const { user } = useMe()
  const { isAdmin } = usePermissions()
  const { data: members = [] } = useQuery({ ...ownersQuery, enabled: isAdmin })
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
            {members.map(({ user_id, name, email }) => (
              <SelectItem key={user_id} value={email} description={email}>
                {user_id === user.id ? `${name} (you)` : name}
              </SelectItem>
            ))}
          </SelectContent>
        </Select>
      )}
    </FormField>
  )
}
