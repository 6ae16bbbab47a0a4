import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { X } from 'lucide-react'
import { allAgentsQuery, nameOf } from '../../agents.ts'
import { allApplicationsQuery } from '../../applications.ts'
import { Button } from '../../components/button.tsx'
import { Select, SelectContent, SelectItem, SelectTrigger, SelectValue } from '../../components/select.tsx'
import type { SignInFilter, SignInStatus } from '../../sign-ins.ts'

interface Search {
  status?: string | undefined
  agent_id?: string | undefined
  client_id?: string | undefined
}

const STATUSES: Record<SignInStatus, string> = {
  pending: 'Waiting',
  approval_required: 'Needs approval',
  authenticated: 'Authenticated',
  completed: 'Signed in',
  denied: 'Denied',
  expired: 'Expired',
}

const isStatus = (text: string): text is SignInStatus => Object.hasOwn(STATUSES, text)

/** What the address asks for; a state that there is not is no filter. */
export function filterOf({ status, agent_id, client_id }: Search): SignInFilter {
  return {
    ...(status !== undefined && isStatus(status) && { status }),
    ...(agent_id !== undefined && { agent_id }),
    ...(client_id !== undefined && { client_id }),
  }
}

export function SignInFilters({ search }: { search: Search }) {
  const { data: agents = [] } = useQuery(allAgentsQuery)
  const { data: applications = [] } = useQuery(allApplicationsQuery)
  const filter = filterOf(search)

  return (
    <search className="mb-3 flex flex-wrap items-center gap-2">
      <FilterSelect
        name="status"
        label="State"
        any="Any state"
        value={filter.status}
        options={Object.entries(STATUSES).map(([value, label]) => ({ value, label }))}
      />
      <FilterSelect
        name="client_id"
        label="Website"
        any="Any website"
        value={filter.client_id}
        options={applications.map(({ client_id, client_name }) => ({ value: client_id, label: client_name }))}
      />
      <FilterSelect
        name="agent_id"
        label="Agent"
        any="Any agent"
        value={filter.agent_id}
        options={agents.map((agent) => ({ value: agent.agent_id, label: nameOf(agent) }))}
      />
      {Object.keys(filter).length > 0 && (
        <Button variant="ghost" size="sm" asChild>
          <Link to="/sign-ins" search={({ request_id }) => ({ request_id })} resetScroll={false}>
            <X aria-hidden />
            Clear
          </Link>
        </Button>
      )}
    </search>
  )
}

interface FilterSelectProps {
  name: keyof Search
  label: string
  /** What it says when it filters nothing. */
  any: string
  value: string | undefined
  options: readonly { value: string; label: string }[]
}

/** Radix keeps the empty string to itself. */
const ANY = '*'

function FilterSelect({ name, label, any, value, options }: FilterSelectProps) {
  const navigate = useNavigate({ from: '/sign-ins' })
  // Deleted since, or of another organization: the address names it all the same.
  const unknown = value !== undefined && !options.some((option) => option.value === value)
  const choose = (chosen: string) =>
    void navigate({
      search: (search) => ({ ...search, [name]: chosen === ANY ? undefined : chosen }),
      resetScroll: false,
      replace: true,
    })

  return (
    <Select value={value ?? ANY} onValueChange={choose}>
      <SelectTrigger aria-label={label} className="w-auto max-w-56 min-w-32 max-sm:max-w-none max-sm:flex-1">
        <SelectValue />
      </SelectTrigger>
      <SelectContent>
        <SelectItem value={ANY}>{any}</SelectItem>
        {unknown && <SelectItem value={value}>{value}</SelectItem>}
        {options.map((option) => (
          <SelectItem key={option.value} value={option.value}>
            {option.label}
          </SelectItem>
        ))}
      </SelectContent>
    </Select>
  )
}
