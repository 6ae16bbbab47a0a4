import { getRouteApi } from '@tanstack/react-router'
import { ListFilter, X } from 'lucide-react'
import { useId, useState } from 'react'
import { Button } from '../../components/button.tsx'
import { Card } from '../../components/card.tsx'
import { cn } from '../../components/class-names.ts'
import type { Names } from '../../names.ts'
import { ACTION_GROUPS } from './actions.ts'
import type { AuditFilter } from './audit-log.ts'
import { ChoiceFilter, type Choices } from './choice-filter.tsx'
import { TimeFilter } from './time-filter.tsx'

const route = getRouteApi('/shell/audit')

const ACTIONS: readonly Choices[] = ACTION_GROUPS.map(({ group, actions }) => ({
  group,
  choices: actions.map((action) => ({ id: action, name: action })),
}))

/** What is shown of the log. The address holds it, so that it can be kept and passed on. */
export function Filters({ names }: { names: Names }) {
  const filter = route.useSearch()
  const navigate = route.useNavigate()
  const [shown, show] = useState(false)
  const id = useId()
  const count = countOf(filter)
  const set = (change: AuditFilter) => void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  const { people, agents, applications } = names
  const backwards = filter.since !== undefined && filter.until !== undefined && filter.since >= filter.until

  return (
    <Card role="search" aria-label="Filter the log" className="mb-4">
      <div className="flex items-center gap-2 px-4 py-3 sm:hidden">
        <Button variant="outline" size="sm" aria-expanded={shown} aria-controls={id} onClick={() => show(!shown)}>
          <ListFilter aria-hidden />
          {count === 0 ? 'Filter' : `Filter (${count})`}
        </Button>
        {count > 0 && <Clear />}
      </div>
      <div
        id={id}
        className={cn(
          'grid gap-x-4 gap-y-3 px-4 pb-4 sm:grid sm:grid-cols-2 sm:px-5 sm:pt-4 lg:grid-cols-3',
          !shown && 'max-sm:hidden',
        )}
      >
        <ChoiceFilter
          label="Actor"
          any="Anybody"
          value={filter.actor}
          groups={[
            { group: 'People', choices: people },
            { group: 'Agents', choices: agents },
            { group: 'Applications', choices: applications },
          ]}
          onChange={(actor) => set({ actor })}
        />
        <ChoiceFilter
          label="Action"
          any="Any action"
          value={filter.action}
          groups={ACTIONS}
          onChange={(action) => set({ action })}
        />
        <ChoiceFilter
          label="Agent"
          any="Any agent"
          value={filter.agent_id}
          groups={[{ group: 'Agents', choices: agents }]}
          onChange={(agent_id) => set({ agent_id })}
        />
        <ChoiceFilter
          label="Application"
          any="Any application"
          value={filter.client_id}
          groups={[{ group: 'Applications', choices: applications }]}
          onChange={(client_id) => set({ client_id })}
        />
        <TimeFilter label="Since" value={filter.since} onChange={(since) => set({ since })} />
        <TimeFilter
          label="Until"
          value={filter.until}
          onChange={(until) => set({ until })}
          error={backwards ? 'This is before “Since”, so nothing can match.' : undefined}
        />
        {count > 0 && (
          <div className="max-sm:hidden sm:col-span-full">
            <Clear />
          </div>
        )}
      </div>
    </Card>
  )
}

export function Clear() {
  const navigate = route.useNavigate()
  return (
    <Button variant="ghost" size="sm" onClick={() => void navigate({ search: {}, replace: true })}>
      <X aria-hidden />
      Clear filters
    </Button>
  )
}

export function countOf(filter: AuditFilter): number {
  return Object.values(filter).filter((value) => value !== undefined).length
}
