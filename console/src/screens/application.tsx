import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { applicationQuery } from '../applications.ts'
import { ErrorState } from '../components/error-state.tsx'
import { PageHeader } from '../components/page-header.tsx'
import { Skeleton, SkeletonRows } from '../components/skeleton.tsx'
import { Tabs, TabsContent, TabsList, TabsTrigger } from '../components/tabs.tsx'
import { usePermissions } from '../me.ts'
import { ApplicationActivity } from './application/activity.tsx'
import { ApplicationCredentials } from './application/credentials.tsx'
import { ApplicationDanger } from './application/danger-zone.tsx'
import { Integration } from './application/integration.tsx'
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
  const { tab } = route.useSearch()
  const navigate = route.useNavigate()
  const { data: application, error, refetch } = useQuery(applicationQuery(clientId))
  const { canWrite } = usePermissions()

  if (!application)
    return error ? <NoApplication error={error} retry={() => void refetch()} /> : <ApplicationSkeleton />
  const people = application.subjects.includes('user')
  const tabs = TABS.filter(({ value }) => people || value !== 'users')
  const shown = tabs.find(({ value }) => value === tab)?.value ?? 'integrate'
  const show = (value: string) =>
    void navigate({ search: { tab: value === 'integrate' ? undefined : value }, replace: true, resetScroll: false })

  return (
    <>
      <PageHeader
        title={application.client_name}
        badge={<SubjectBadge subjects={application.subjects} />}
        breadcrumbs={CRUMBS}
        actions={canWrite && <TestSignIn application={application} />}
      />
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
            <ApplicationUsers clientId={clientId} />
          </TabsContent>
        )}
        {/* Stays in the page, so that what was typed outlives a look at another tab. */}
        <TabsContent value="settings" forceMount className="data-[state=inactive]:hidden">
          <ApplicationSettingsForm application={application} canWrite={canWrite} />
        </TabsContent>
        <TabsContent value="credentials">
          <ApplicationCredentials application={application} canWrite={canWrite} />
        </TabsContent>
        <TabsContent value="danger">
          <ApplicationDanger application={application} canWrite={canWrite} />
        </TabsContent>
      </Tabs>
    </>
  )
}

function NoApplication({ error, retry }: { error: Error; retry: () => void }) {
  return (
    <>
      <PageHeader title="Application" breadcrumbs={CRUMBS} />
      <ErrorState error={error} retry={retry} />
    </>
  )
}

function ApplicationSkeleton() {
  return (
    <>
      <PageHeader title="Application" breadcrumbs={CRUMBS} />
      <Skeleton className="mb-6 h-10" />
      <SkeletonRows rows={4} label="Loading the application" />
    </>
  )
}
