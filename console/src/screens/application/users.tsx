import { useInfiniteQuery } from '@tanstack/react-query'
import { UsersRound } from 'lucide-react'
import { useState } from 'react'
import { usersQuery } from '../../applications.ts'
import { Button } from '../../components/button.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { Initials } from '../../components/initials.tsx'
import { ListCard } from '../../components/list-card.tsx'
import { LoadMore } from '../../components/load-more.tsx'
import { Loaded } from '../../components/loaded.tsx'
import { RelativeTime } from '../../components/relative-time.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { Table, TableBody, TableCell, TableHead, TableHeader, TableRow } from '../../components/table.tsx'
import { useMe } from '../../me.ts'
import { type CreditedPerson, GiveCredits } from '../credits/give-credits.tsx'
import { UsageCell } from './usage-cell.tsx'

/** The people who let the app in, with what they use through it where they allowed us to tell. */
export function ApplicationUsers({ clientId }: { clientId: string }) {
  const query = useInfiniteQuery(usersQuery(clientId))
  const { operator } = useMe()
  const [giving, setGiving] = useState<CreditedPerson>()
  return (
    <ListCard label="Users">
      <Loaded query={query}>
        {(users) =>
          users.length === 0 ? (
            <EmptyState icon={UsersRound} title="No users yet">
              A person stands here from the moment they approve your app, with what they use through it if they allow{' '}
              <code className="font-mono text-[0.8125rem]">usage-tracking</code>. They can withdraw at any time.
            </EmptyState>
          ) : (
            <>
              <Table label="People who approved the app, newest first">
                <TableHeader>
                  <TableRow>
                    <TableHead>Person</TableHead>
                    <TableHead>State</TableHead>
                    <TableHead>Since</TableHead>
                    <TableHead className="sm:text-right">Usage</TableHead>
                    {operator && (
                      <TableHead className="w-36">
                        <span className="sr-only">Actions</span>
                      </TableHead>
                    )}
                  </TableRow>
                </TableHeader>
                <TableBody>
                  {users.map((user) => (
                    <TableRow key={user.user_id}>
                      <TableCell>
                        <span className="flex min-w-0 items-center gap-2.5">
                          <Initials name={user.name} />
                          <span className="min-w-0">
                            <bdi className="block truncate font-medium">{user.name}</bdi>
                            <span className="block truncate text-[0.8125rem] text-muted-foreground">
                              {user.email ?? user.user_id}
                            </span>
                          </span>
                        </span>
                      </TableCell>
                      <TableCell label="State">
                        <StatusBadge status={user.withdrawn_at === null ? 'active' : 'withdrawn'} />
                      </TableCell>
                      <TableCell label="Since" className="text-muted-foreground">
                        <RelativeTime at={user.withdrawn_at ?? user.approved_at} />
                      </TableCell>
                      <TableCell label="Usage" className="sm:text-right">
                        <UsageCell usage={user.usage} />
                      </TableCell>
                      {operator && (
                        <TableCell className="text-right max-sm:pt-1.5! max-sm:text-left">
                          <Button
                            variant="outline"
                            size="sm"
                            aria-label={`Give credits to ${user.name}`}
                            onClick={() => setGiving({ id: user.user_id, name: user.name })}
                          >
                            Give credits
                          </Button>
                        </TableCell>
                      )}
                    </TableRow>
                  ))}
                </TableBody>
              </Table>
              <LoadMore {...query} shown={users.length} />
            </>
          )
        }
      </Loaded>
      <GiveCredits person={giving} onClose={() => setGiving(undefined)} />
    </ListCard>
  )
}
