import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { agentQuery, nameOf } from '../agents.ts'
import { ErrorState } from '../components/error-state.tsx'
import { PageHeader } from '../components/page-header.tsx'
import { Skeleton, SkeletonRows } from '../components/skeleton.tsx'
import { StatusBadge } from '../components/status-badge.tsx'
import { Tabs, TabsContent, TabsList, TabsTrigger } from '../components/tabs.tsx'
import { useSignInNews } from '../live.ts'
import type { SignIn } from '../sign-ins.ts'
import { AgentActivity } from './agent/activity.tsx'
import { AgentDanger } from './agent/danger-zone.tsx'
import { AgentPolicy } from './agent/policy-form.tsx'
import { AgentSecrets } from './agent/secrets.tsx'
import { useManages } from './agent/use-manages.ts'

const route = getRouteApi('/shell/agents/$agentId')
const CRUMBS = [{ label: 'Agents', to: '/agents' }] as const

const TABS = [
  { value: 'activity', label: 'Activity' },
  { value: 'policy', label: 'Policy' },
  { value: 'secrets', label: 'Secrets' },
  { value: 'danger', label: 'Danger zone' },
] as const

export function AgentScreen() {
  const { agentId } = route.useParams()
  // Another agent is another screen: nothing typed for one may be saved to the other.
  return <OneAgent key={agentId} agentId={agentId} />
}

function OneAgent({ agentId }: { agentId: string }) {
  const { tab } = route.useSearch()
  const navigate = route.useNavigate()
  const client = useQueryClient()
  const { data: agent, error, refetch } = useQuery(agentQuery(agentId))
  const manages = useManages(agent)
  useSignInNews<SignIn>(({ agent_id }) => {
    if (agent_id === agentId) void client.invalidateQueries(agentQuery(agentId))
  })

  if (!agent) return error ? <NoAgent error={error} retry={() => void refetch()} /> : <AgentSkeleton />
  const shown = TABS.find(({ value }) => value === tab)?.value ?? 'activity'
  const show = (value: string) =>
    void navigate({ search: { tab: value === 'activity' ? undefined : value }, replace: true, resetScroll: false })

  return (
    <>
      <PageHeader
        title={nameOf(agent)}
        description={`Acts for ${agent.user_name}${agent.model ? `, usually on ${agent.model}` : ''}.`}
        badge={<StatusBadge status={agent.disabled ? 'disabled' : 'active'} />}
        breadcrumbs={CRUMBS}
      />
      <Tabs value={shown} onValueChange={show}>
        <TabsList aria-label="About this agent">
          {TABS.map(({ value, label }) => (
            <TabsTrigger key={value} value={value}>
              {label}
            </TabsTrigger>
          ))}
        </TabsList>
        <TabsContent value="activity">
          <AgentActivity agent={agent} />
        </TabsContent>
        {/* Stays in the page, so that what was typed outlives a look at another tab. */}
        <TabsContent value="policy" forceMount className="data-[state=inactive]:hidden">
          <AgentPolicy agent={agent} manages={manages} />
        </TabsContent>
        <TabsContent value="secrets">
          <AgentSecrets agent={agent} manages={manages} />
        </TabsContent>
        <TabsContent value="danger">
          <AgentDanger agent={agent} manages={manages} />
        </TabsContent>
      </Tabs>
    </>
  )
}

function NoAgent({ error, retry }: { error: Error; retry: () => void }) {
  return (
    <>
      <PageHeader title="Agent" breadcrumbs={CRUMBS} />
      <ErrorState error={error} retry={retry} />
    </>
  )
}

function AgentSkeleton() {
  return (
    <>
      <PageHeader title="Agent" breadcrumbs={CRUMBS} />
      <Skeleton className="mb-6 h-10" />
      <SkeletonRows rows={4} label="Loading the agent" />
    </>
  )
}
