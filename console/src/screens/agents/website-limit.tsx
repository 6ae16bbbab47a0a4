import { useQuery } from '@tanstack/react-query'
import { X } from 'lucide-react'
import { allApplicationsQuery } from '../../applications.ts'
import { Limit } from './limit.tsx'
import { WebsitePicker } from './website-picker.tsx'

interface WebsiteLimitProps {
  websites: readonly string[] | null
  onChange: (websites: readonly string[] | null) => void
  fault: string | undefined
}

export function WebsiteLimit({ websites, onChange, fault }: WebsiteLimitProps) {
  return (
    <Limit
      legend="Where may it sign in?"
      anything={{ label: 'At any website', hint: 'Wherever “Sign in with Auth Agent” stands.' }}
      listed={{ label: 'Only where I say', hint: 'Every other website is refused.' }}
      limited={websites !== null}
      onChange={(limited) => onChange(limited ? [] : null)}
      fault={fault}
    >
      {websites !== null && <WebsiteList websites={websites} onChange={onChange} />}
    </Limit>
  )
}

interface WebsiteListProps {
  websites: readonly string[]
  onChange: (websites: readonly string[]) => void
}

function WebsiteList({ websites, onChange }: WebsiteListProps) {
  const { data: applications = [] } = useQuery(allApplicationsQuery)
  const nameOf = (id: string) => applications.find(({ client_id }) => client_id === id)?.client_name
  return (
    <>
      {websites.length === 0 ? (
        <p className="text-[0.8125rem] text-warning">With an empty list it can sign in nowhere.</p>
      ) : (
        <ul aria-label="Allowed websites" className="grid gap-1.5">
          {websites.map((id) => (
            <li key={id} className="flex items-center gap-2 rounded-lg border bg-card py-1 pr-1 pl-3">
              <span className="grid min-w-0 flex-1">
                <span className="truncate font-medium">{nameOf(id) ?? 'A website of others'}</span>
                <code className="truncate font-mono text-xs text-muted-foreground">{id}</code>
              </span>
              <button
                type="button"
                aria-label={`Remove ${nameOf(id) ?? id}`}
                onClick={() => onChange(websites.filter((each) => each !== id))}
                className="grid size-8 shrink-0 place-items-center rounded-md text-muted-foreground hover:bg-hover hover:text-foreground"
              >
                <X className="size-4" aria-hidden />
              </button>
            </li>
          ))}
        </ul>
      )}
      <WebsitePicker
        applications={applications.filter(({ client_id }) => !websites.includes(client_id))}
        onPick={(id) => onChange([...new Set([...websites, id])])}
      />
    </>
  )
}
