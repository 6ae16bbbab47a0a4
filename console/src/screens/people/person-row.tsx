import { Ellipsis, MailQuestion } from 'lucide-react'
import { Badge } from '../../components/badge.tsx'
import { Button } from '../../components/button.tsx'
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuSeparator,
  DropdownMenuTrigger,
} from '../../components/dropdown-menu.tsx'
import { Initials } from '../../components/initials.tsx'
import { RelativeTime } from '../../components/relative-time.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { TableCell, TableRow } from '../../components/table.tsx'
import { useMe } from '../../me.ts'
import { memberName } from '../../members.ts'
import { balanceOf, costOf, roughly } from '../../money.ts'
import { enablePerson, type Person } from '../../people.ts'
import { useAct } from '../../use-act.ts'
import { labelOf } from '../organization/roles.ts'

interface PersonRowProps {
  person: Person
  onGive: () => void
  onDisable: () => void
}

export function PersonRow({ person, onGive, onDisable }: PersonRowProps) {
  const { user } = useMe()
  const isMe = person.id === user.id
  const name = memberName(person)
  return (
    <TableRow>
      {/* On phones the acts are in its corner. */}
      <TableCell className="max-sm:pr-10!">
        <div className="flex items-center gap-3">
          <Initials name={name} />
          <div className="grid min-w-0 gap-0.5">
            <p className="flex min-w-0 flex-wrap items-center gap-x-2 gap-y-1">
              <bdi className="truncate font-medium">{name}</bdi>
              {isMe && <Badge tone="outline">You</Badge>}
              <State person={person} />
            </p>
            <p className="truncate text-[0.8125rem] text-muted-foreground" title={person.email}>
              {person.email}
            </p>
            <Disabled person={person} />
          </div>
        </div>
      </TableCell>
      <TableCell label="Organizations">
        <Organizations of={person} />
      </TableCell>
      <TableCell label="Since" className="text-muted-foreground">
        <RelativeTime at={person.created_at} />
      </TableCell>
      <TableCell label="Credits" className="tabular-nums sm:text-right">
        <span title={balanceOf(person.credits)}>{roughly(person.credits)}</span>
      </TableCell>
      <TableCell label="Spent, 30 days" className="text-muted-foreground tabular-nums sm:text-right">
        <span title={costOf(person.spent_30d_cents)}>{roughly(person.spent_30d_cents)}</span>
      </TableCell>
      <TableCell className="text-right max-sm:absolute max-sm:top-3 max-sm:right-4">
        <Acts person={person} onGive={onGive} onDisable={onDisable} />
      </TableCell>
    </TableRow>
  )
}

/** One word for what matters most of it. */
function State({ person: { disabled, registered, email_verified } }: { person: Person }) {
  if (disabled) return <StatusBadge status="disabled" />
  if (!registered)
    return (
      <Badge tone="info" title="Somebody named them; they have not signed up with this address">
        <MailQuestion aria-hidden />
        Not signed up
      </Badge>
    )
  if (email_verified) return null
  return <Badge title="They have not opened the link of the confirmation mail">Email not confirmed</Badge>
}

/** Below a badge that says it. */
function Disabled({ person: { disabled_at, disabled_by } }: { person: Person }) {
  const { user } = useMe()
  if (disabled_at === null) return null
  const by = disabled_by && (disabled_by.id === user.id ? 'you' : (disabled_by.name ?? namelessOf(disabled_by.id)))
  return (
    <p className="text-[0.8125rem] text-muted-foreground">
      {by && `By ${by}, `}
      <RelativeTime at={disabled_at} />
    </p>
  )
}

const namelessOf = (id: string) => (id === 'operator' ? 'the admin key' : id)

const SHOWN = 2

function Organizations({ of: { organizations } }: { of: Person }) {
  if (organizations.length === 0) return <span className="text-muted-foreground">None</span>
  const more = organizations.slice(SHOWN)
  return (
    <ul aria-label="Organizations" className="grid gap-0.5">
      {organizations.slice(0, SHOWN).map(({ id, name, role }) => (
        <li
          key={id}
          className="flex min-w-0 items-baseline gap-x-1.5 max-sm:flex-wrap"
          title={`${name}: ${labelOf(role)}`}
        >
          <bdi className="truncate">{name}</bdi>
          <span className="shrink-0 text-xs text-muted-foreground">{labelOf(role)}</span>
        </li>
      ))}
      {more.length > 0 && (
        <li className="text-xs text-muted-foreground" title={more.map(({ name }) => name).join(', ')}>
          and {more.length} more
        </li>
      )}
    </ul>
  )
}

function Acts({ person, onGive, onDisable }: PersonRowProps) {
  const { user } = useMe()
  const name = memberName(person)
  const enable = useAct({
    act: () => enablePerson(person.id),
    changes: ['people', 'members', 'audit'],
    done: `${name} can sign in again, and their keys and agents work`,
  })
  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <Button variant="outline" size="icon-sm" pending={enable.pending} aria-label={`More for ${name}`}>
          <Ellipsis aria-hidden />
        </Button>
      </DropdownMenuTrigger>
      <DropdownMenuContent align="end">
        <DropdownMenuItem onSelect={onGive}>Give credits</DropdownMenuItem>
        {person.disabled && <DropdownMenuItem onSelect={() => enable.run()}>Enable</DropdownMenuItem>}
        {!person.disabled && person.id !== user.id && (
          <>
            <DropdownMenuSeparator />
            <DropdownMenuItem destructive onSelect={onDisable}>
              Disable
            </DropdownMenuItem>
          </>
        )}
      </DropdownMenuContent>
    </DropdownMenu>
  )
}
