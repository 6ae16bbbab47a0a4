import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { type AgentWithSecrets, agentQuery, nameOf } from '../agents.ts'
import { Loaded } from '../components/loaded.tsx'
import { PageHeader } from '../components/page-header.tsx'
import { SkeletonRows } from '../components/skeleton.tsx'
import { StatusBadge } from '../components/status-badge.tsx'
import { Tabs, TabsContent, TabsList, TabsTrigger } from '../components/tabs.tsx'
import { useSignInNews } from '../live.ts'
import type { SignIn } from '../sign-ins.ts'
import { useManages } from '../use-manages.ts'
import { AgentActivity } from './agent/activity.tsx'
import { AgentDanger } from './agent/danger-zone.tsx'
import { AgentPolicy } from './agent/policy-form.tsx'
import { AgentSecrets } from './agent/secrets.tsx'

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
  const client = useQueryClient()
  const query = useQuery(agentQuery(agentId))
  const agent = query.data
  useSignInNews<SignIn>(({ agent_id }) => {
    if (agent_id === agentId) void client.invalidateQueries(agentQuery(agentId), { cancelRefetch: false })
  })

  const badge = agent && <StatusBadge status={agent.disabled ? 'disabled' : 'active'} />
  return (
    <>
      {/* The same header before and after, or else the focus that it was given would go with it. */}
      <PageHeader
        title={agent ? nameOf(agent) : 'Agent'}
        description={agent && `Acts for ${agent.user_name}${agent.model ? `, usually on ${agent.model}` : ''}.`}
        badge={badge}
        breadcrumbs={CRUMBS}
      />
      <Loaded query={query} skeleton={<SkeletonRows rows={4} label="Loading the agent" />}>
        {(loaded) => <AgentTabs agent={loaded} />}
      </Loaded>
    </>
  )
}

function AgentTabs({ agent }: { agent: AgentWithSecrets }) {
  const { tab } = route.useSearch()
  const navigate = route.useNavigate()
  const manages = useManages(agent)
  const shown = TABS.find(({ value }) => value === tab)?.value ?? 'activity'
  const show = (value: string) =>
    void navigate({ search: { tab: value === 'activity' ? undefined : value }, replace: true, resetScroll: false })

  return (
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
  )
}
