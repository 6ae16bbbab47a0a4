import { Plus } from 'lucide-react'
import { useState } from 'react'
import { Badge } from '../components/badge.tsx'
import { Button } from '../components/button.tsx'
import { PageHeader } from '../components/page-header.tsx'
import { useMe, usePermissions } from '../me.ts'
import { NewOrganization } from '../shell/organization-switcher.tsx'
import { General } from './organization/general.tsx'
import { Invitations } from './organization/invitations.tsx'
import { Members } from './organization/members.tsx'
import { asRole } from './organization/roles.ts'
import { RolesExplained } from './organization/roles-explained.tsx'

/** Who is in it and what it is called. Who is no administrator sees all of this and changes nothing. */
export function OrganizationScreen() {
  const { role } = useMe()
  const { isAdmin } = usePermissions()
  const [creating, setCreating] = useState(false)
  return (
    <>
      <PageHeader
        title="Organization"
        badge={<Badge tone="outline">You are {asRole(role)}</Badge>}
        description={
          isAdmin
            ? 'The people who share these agents and applications, and what each of them may do.'
            : 'The people who share these agents and applications. Administrators change who they are and what they may do.'
        }
        actions={
          <Button variant="outline" onClick={() => setCreating(true)}>
            <Plus aria-hidden />
            New organization
          </Button>
        }
      />
      <div className="grid gap-5">
        <General />
        <Members />
        {isAdmin && <Invitations />}
        <RolesExplained />
      </div>
      <NewOrganization open={creating} onOpenChange={setCreating} />
    </>
  )
}
