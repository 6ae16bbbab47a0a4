import { getRouteApi } from '@tanstack/react-router'
import { PageHeader } from '../components/page-header.tsx'
import { Tabs, TabsContent, TabsList, TabsTrigger } from '../components/tabs.tsx'
import { usePermissions } from '../me.ts'
import { FocusedApproval } from './approvals/focused.tsx'
import { ApprovalHistory } from './approvals/history.tsx'
import { ApprovalQueue } from './approvals/queue.tsx'
import { useQueue } from './approvals/use-queue.ts'

const route = getRouteApi('/shell/approvals')

/** Where a person says yes or no to an agent that must ask. */
export function ApprovalsScreen() {
  const { status, request_id: focused } = route.useSearch()
  const navigate = route.useNavigate()
  const queue = useQueue()
  const { isAdmin } = usePermissions()
  const show = (tab: string) =>
    void navigate({ search: (before) => ({ ...before, status: tab === 'decided' ? tab : undefined }), replace: true })

  return (
    <>
      <PageHeader
        title="Approvals"
        description={`Sign-ins of agents that must ask first. Each waits at its website until ${isAdmin ? 'you decide' : 'the owner of the agent decides'} or its time is over.`}
      />
      {focused !== undefined && <FocusedApproval key={focused} requestId={focused} />}
      <Tabs value={status === 'decided' ? 'decided' : 'pending'} onValueChange={show}>
        <TabsList aria-label="Approvals">
          <TabsTrigger value="pending">
            Waiting
            {queue.waiting > 0 && (
              <span className="rounded-full bg-warning-ground px-1.5 text-xs leading-5 font-semibold text-warning tabular-nums">
                {queue.waiting}
              </span>
            )}
          </TabsTrigger>
          <TabsTrigger value="decided">History</TabsTrigger>
        </TabsList>
        <TabsContent value="pending">
          <ApprovalQueue queue={queue} without={focused} />
        </TabsContent>
        <TabsContent value="decided">
          <ApprovalHistory />
        </TabsContent>
      </Tabs>
    </>
  )
}
