import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { type Application, applicationQuery } from '../applications.ts'
import { Loaded } from '../components/loaded.tsx'
import { PageHeader } from '../components/page-header.tsx'
import { Skeleton, SkeletonRows } from '../components/skeleton.tsx'
import { Tabs, TabsContent, TabsList, TabsTrigger } from '../components/tabs.tsx'
import { usePermissions } from '../me.ts'
import { ApplicationActivity } from './application/activity.tsx'
import { ApplicationCredentials } from './application/credentials.tsx'
import { ApplicationDanger } from './application/danger-zone.tsx'
import { Integration } from './application/integration.tsx'
import { Promotion } from './application/promotion.tsx'
import { ApplicationSettingsForm } from './application/settings-form.tsx'
import { SubjectBadge } from './application/subject-badge.tsx'
import { TestSignIn } from './application/test-sign-in.tsx'
import { ApplicationUsers } from './application/users.tsx'

const route = getRouteApi('/shell/applications/$clientId')
const CRUMBS = [{ label: 'Applications', to: '/applications' }] as const

const TABS = [
  { value: 'integrate', label: 'Integrate' },
  { value: 'activity', label: 'Activity' },
  { value: 'users', label: 'Users' },
  { value: 'settings', label: 'Settings' },
  { value: 'credentials', label: 'Credentials' },
  { value: 'danger', label: 'Danger zone' },
] as const

export function ApplicationScreen() {
  const { clientId } = route.useParams()
  // Another application is another screen: nothing typed for one may be saved to the other.
  return <OneApplication key={clientId} clientId={clientId} />
}

function OneApplication({ clientId }: { clientId: string }) {
  const query = useQuery(applicationQuery(clientId))
  const { canWrite } = usePermissions()
  const application = query.data
  return (
    <>
      <PageHeader
        title={application?.client_name ?? 'Application'}
        badge={application && <SubjectBadge subjects={application.subjects} />}
        breadcrumbs={CRUMBS}
        actions={application && canWrite && <TestSignIn application={application} />}
      />
      <Loaded query={query} skeleton={<ApplicationSkeleton />}>
        {(loaded) => <ApplicationTabs application={loaded} canWrite={canWrite} />}
      </Loaded>
    </>
  )
}

function ApplicationTabs({ application, canWrite }: { application: Application; canWrite: boolean }) {
  const { tab } = route.useSearch()
  const navigate = route.useNavigate()
  const people = application.subjects.includes('user')
  const tabs = TABS.filter(({ value }) => people || value !== 'users')
  const shown = tabs.find(({ value }) => value === tab)?.value ?? 'integrate'
  const show = (value: string) =>
    void navigate({ search: { tab: value === 'integrate' ? undefined : value }, replace: true, resetScroll: false })

  return (
    <Tabs value={shown} onValueChange={show}>
      <TabsList aria-label="About this application">
        {tabs.map(({ value, label }) => (
          <TabsTrigger key={value} value={value}>
            {label}
          </TabsTrigger>
        ))}
      </TabsList>
      <TabsContent value="integrate">
        <Integration application={application} />
      </TabsContent>
      <TabsContent value="activity">
        <ApplicationActivity application={application} />
      </TabsContent>
      {people && (
        <TabsContent value="users">
          <ApplicationUsers clientId={application.client_id} />
        </TabsContent>
      )}
      {/* Stays in the page, so that what was typed outlives a look at another tab. */}
      <TabsContent value="settings" forceMount className="data-[state=inactive]:hidden">
        <div className="grid gap-5">
          <ApplicationSettingsForm application={application} canWrite={canWrite} />
          <Promotion application={application} />
        </div>
      </TabsContent>
      <TabsContent value="credentials">
        <ApplicationCredentials application={application} canWrite={canWrite} />
      </TabsContent>
      <TabsContent value="danger">
        <ApplicationDanger application={application} canWrite={canWrite} />
      </TabsContent>
    </Tabs>
  )
}

function ApplicationSkeleton() {
  return (
    <>
      <Skeleton className="mb-6 h-10" />
      <SkeletonRows rows={4} label="Loading the application" />
    </>
  )
}
