import { getRouteApi } from '@tanstack/react-router'
import { PageHeader } from '../components/page-header.tsx'
import { Tabs, TabsContent, TabsList, TabsTrigger } from '../components/tabs.tsx'
import { Appearance } from './settings/appearance.tsx'
import { Passkeys } from './settings/passkeys.tsx'
import { PasswordSettings } from './settings/password.tsx'
import { Profile } from './settings/profile.tsx'
import { Sessions } from './settings/sessions.tsx'

const route = getRouteApi('/shell/settings')

const TABS = [
  { tab: 'profile', label: 'Profile', Content: Profile },
  { tab: 'password', label: 'Password', Content: PasswordSettings },
  { tab: 'passkeys', label: 'Passkeys', Content: Passkeys },
  { tab: 'sessions', label: 'Sessions', Content: Sessions },
  { tab: 'appearance', label: 'Appearance', Content: Appearance },
] as const

/** What belongs to the person, whatever organization they work in. */
export function SettingsScreen() {
  const { tab } = route.useSearch()
  const navigate = route.useNavigate()
  const shown = TABS.find((known) => known.tab === tab) ?? TABS[0]
  return (
    <>
      <PageHeader title="Settings" description="Your account: the same in every organization that you are in." />
      <Tabs
        value={shown.tab}
        onValueChange={(chosen) => void navigate({ search: { tab: chosen }, replace: true })}
        // Along the way by arrow keys nothing has to be loaded.
        activationMode="manual"
      >
        <TabsList aria-label="Settings">
          {TABS.map(({ tab: value, label }) => (
            <TabsTrigger key={value} value={value}>
              {label}
            </TabsTrigger>
          ))}
        </TabsList>
        {TABS.map(({ tab: value, Content }) => (
          <TabsContent key={value} value={value} className="max-w-3xl">
            <Content />
          </TabsContent>
        ))}
      </Tabs>
    </>
  )
}
