import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { AssuranceBadge } from '../../components/assurance.tsx'
import { CopyText } from '../../components/copy-button.tsx'
import { DataItem, DataList } from '../../components/data-list.tsx'
import { Loaded } from '../../components/loaded.tsx'
import { Sheet, SheetContent } from '../../components/sheet.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { Timeline } from '../../components/timeline.tsx'
import { type SignIn, signInQuery } from '../../sign-ins.ts'
import { AdviceNote } from './advice-note.tsx'
import { stepsOf } from './steps.tsx'

interface SignInSheetProps {
  /** Of the address; without, nothing is open. */
  requestId: string | undefined
  /** What the list knows of it, shown until the rest is there. */
  known: SignIn | undefined
}

/** One sign-in, from the first page to its end, moving as it happens. */
export function SignInSheet({ requestId, known }: SignInSheetProps) {
  const navigate = useNavigate({ from: '/sign-ins' })
  const close = () =>
    void navigate({ search: (search) => ({ ...search, request_id: undefined }), resetScroll: false, replace: true })
  return (
    <Sheet open={requestId !== undefined} onOpenChange={(open) => open || close()}>
      {requestId !== undefined && <SignInDetails key={requestId} requestId={requestId} known={known} />}
    </Sheet>
  )
}

function SignInDetails({ requestId, known }: { requestId: string; known: SignIn | undefined }) {
  const query = useQuery({ ...signInQuery(requestId), ...(known && { placeholderData: known }) })
  const signIn = query.data
  return (
    <SheetContent title={signIn ? `Sign-in at ${signIn.client_name}` : 'Sign-in'} description={signIn?.host}>
      <div className="grid gap-5 px-5 pb-6 sm:px-6">
        <Loaded query={query}>
          {(loaded) => (
            <>
              <div className="flex" role="status">
                <StatusBadge status={loaded.status} />
              </div>
              <AdviceNote signIn={loaded} />
              <Timeline label="What happened" steps={stepsOf(loaded)} />
              <Facts signIn={loaded} />
            </>
          )}
        </Loaded>
      </div>
    </SheetContent>
  )
}

function Facts({ signIn }: { signIn: SignIn }) {
  const { agent_id, agent_name, user_id, user_name, model, acr, client_id, client_name, scope, request_id } = signIn
  return (
    <DataList className="border-t">
      {agent_id !== null && (
        <DataItem label="Agent">
          <Link to="/agents/$agentId" params={{ agentId: agent_id }} className="link">
            {agent_name ?? agent_id}
          </Link>
        </DataItem>
      )}
      {user_id !== null && <DataItem label="Person">{user_name ?? user_id}</DataItem>}
      {model !== null && <DataItem label="Model">{model}</DataItem>}
      <DataItem label="Assurance">
        <AssuranceBadge acr={acr} />
      </DataItem>
      <DataItem label="Application">
        <Link to="/applications/$clientId" params={{ clientId: client_id }} className="link">
          {client_name}
        </Link>
      </DataItem>
      <DataItem label="Asks for">
        <code className="font-mono text-[0.8125rem]">{scope}</code>
      </DataItem>
      <DataItem label="Request id">
        <CopyText value={request_id} what="request id" />
      </DataItem>
    </DataList>
  )
}
