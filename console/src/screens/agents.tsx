import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Bot, Plus, SearchX } from 'lucide-react'
import type { ReactNode } from 'react'
import { type Agent, agentsQuery, allAgentsQuery } from '../agents.ts'
import { Button } from '../components/button.tsx'
import { EmptyState } from '../components/empty-state.tsx'
import { ListCard } from '../components/list-card.tsx'
import { LoadMore } from '../components/load-more.tsx'
import { Loaded } from '../components/loaded.tsx'
import { PageHeader } from '../components/page-header.tsx'
import { SearchField } from '../components/search-field.tsx'
import { usePermissions } from '../me.ts'
import { AgentTable } from './agents/agent-table.tsx'
import { NewAgent } from './agents/new-agent.tsx'

const route = getRouteApi('/shell/agents')

export function AgentsScreen() {
  const { create, search = '' } = route.useSearch()
  const navigate = route.useNavigate()
  const { canWrite } = usePermissions()

  // Both have an address, so that others can lead here; neither is a step that "back" has to undo.
  const setSearch = (text: string) =>
    void navigate({ search: (before) => ({ ...before, search: text || undefined }), replace: true })
  const setCreating = (open: boolean) =>
    void navigate({ search: (before) => ({ ...before, create: open ? 'true' : undefined }), replace: true })
  const createButton = canWrite && (
    <Button onClick={() => setCreating(true)}>
      <Plus aria-hidden />
      New agent
    </Button>
  )

  return (
    <>
      <PageHeader
        title="Agents"
        description="Each is an identity for one program: it signs in to websites by itself, for the person who owns it."
        actions={createButton}
      />
      <SearchField label="Search agents" value={search} onChange={setSearch} className="mb-4 sm:max-w-xs" />
      <ListCard label="Agents">
        {search.trim() === '' ? (
          <Pages createButton={createButton} />
        ) : (
          <Found search={search} onClear={() => setSearch('')} />
        )}
      </ListCard>
      {canWrite && <NewAgent open={create === 'true'} onOpenChange={setCreating} />}
    </>
  )
}

function Pages({ createButton }: { createButton: ReactNode }) {
  const agents = useInfiniteQuery(agentsQuery)
  return (
    <Loaded query={agents}>
      {(rows) =>
        rows.length === 0 ? (
          <NoAgents action={createButton} />
        ) : (
          <>
            <AgentTable agents={rows} />
            <LoadMore {...agents} shown={rows.length} />
          </>
        )
      }
    </Loaded>
  )
}

function NoAgents({ action }: { action: ReactNode }) {
  return (
    <EmptyState icon={Bot} title="No agents yet" action={action}>
      {action
        ? 'Give your program an identity. It gets an id and a secret or a key, presses “Sign in with Auth Agent” at a website, and is in: no password of yours, and you see and can end all of it here.'
        : 'You look on in this organization, and viewers make no agents. Ask an administrator to make you a member.'}
    </EmptyState>
  )
}

/** Searched here, over all of them: an organization has tens or hundreds of agents, not millions. */
function Found({ search, onClear }: { search: string; onClear: () => void }) {
  const agents = useQuery(allAgentsQuery)
  return (
    <Loaded query={agents}>
      {(all) => {
        const rows = all.filter((agent) => isAbout(agent, search))
        return (
          <>
            <p role="status" className="sr-only">
              {rows.length === 1 ? 'One agent found' : `${rows.length} agents found`}
            </p>
            {rows.length > 0 ? (
              <AgentTable agents={rows} />
            ) : (
              <EmptyState
                icon={SearchX}
                title="No agent of that name"
                action={
                  <Button variant="outline" onClick={onClear}>
                    Show all agents
                  </Button>
                }
              >
                Names, ids, models, and the names and emails of owners are searched.
              </EmptyState>
            )}
          </>
        )
      }}
    </Loaded>
  )
}

function isAbout({ agent_name, agent_id, model, user_name, user_email }: Agent, search: string): boolean {
  const text = [agent_name, agent_id, model, user_name, user_email].join(' ').toLowerCase()
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}
