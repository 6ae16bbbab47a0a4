import { useState } from 'react'
import { Button } from '../components/button.tsx'
import { Initials } from '../components/initials.tsx'
import { type Me, switchOrganization } from '../me.ts'
import { AccountPage } from '../screens/account/account-page.tsx'
import { useAct } from '../use-act.ts'
import { useEnterOrganization } from './enter-organization.ts'
import { NewOrganization } from './organization-switcher.tsx'
import { useSignOut } from './sign-out.ts'

/** Somebody took this person out of the organization that the session works for. `me` is what was known before. */
export function NotAMember({ me }: { me: Me | undefined }) {
  const enter = useEnterOrganization()
  const change = useAct({ act: switchOrganization, onDone: enter })
  const signOut = useSignOut()
  const [creating, setCreating] = useState(false)
  const others = me?.organizations.filter(({ id }) => id !== me.organization.id) ?? []

  return (
    <AccountPage
      title={`You are no longer a member of ${me?.organization.name ?? 'this organization'}`}
      description={
        others.length > 0
          ? 'An administrator removed you. You can go on in another organization.'
          : 'An administrator removed you. Ask them for a new invitation, or go on in an organization of your own.'
      }
    >
      {others.length > 0 && (
        <ul className="divide-y rounded-xl border">
          {others.map(({ id, name }) => (
            <li key={id} className="flex items-center gap-3 p-3">
              <Initials name={name} className="rounded-lg" />
              <span className="min-w-0 flex-1 truncate font-medium">{name}</span>
              <Button size="sm" pending={change.pending} onClick={() => change.run(id)}>
                Switch
              </Button>
            </li>
          ))}
        </ul>
      )}
      <Button variant="outline" size="lg" onClick={() => setCreating(true)}>
        New organization…
      </Button>
      <Button variant="ghost" size="lg" pending={signOut.pending} onClick={() => signOut.run()}>
        Sign out
      </Button>
      <NewOrganization open={creating} onOpenChange={setCreating} />
    </AccountPage>
  )
}
