import { useInfiniteQuery } from '@tanstack/react-query'
import { LogOut } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { endGrant, type LiveGrant, liveGrantsQuery } from '../live-grants.ts'
import { usePermissions } from '../me.ts'
import { useAct } from '../use-act.ts'
import { useLast } from '../use-last.ts'
import { AssuranceBadge } from './assurance.tsx'
import { Button } from './button.tsx'
import { CardHeader } from './card.tsx'
import { ConfirmDialog } from './confirm-dialog.tsx'
import { ListCard } from './list-card.tsx'
import { LoadMore } from './load-more.tsx'
import { Loaded } from './loaded.tsx'
import { RelativeTime } from './relative-time.tsx'
import { SkeletonRows } from './skeleton.tsx'
import { Table, TableBody, TableCell, TableHead, TableHeader, TableRow } from './table.tsx'

interface LiveGrantsProps {
  /** Of an agent: at which websites it is in. Of an application: who is in there. */
  of: { agent_id: string } | { client_id: string }
  /** Where nobody is in. */
  empty: ReactNode
}

/** The sign-ins that are alive now, each of which can be ended. */
export function LiveGrants({ of, empty }: LiveGrantsProps) {
  const grants = useInfiniteQuery(liveGrantsQuery(of))
  const [ending, setEnding] = useState<LiveGrant>()
  const { canWrite } = usePermissions()
  const partyOf = 'agent_id' in of ? websiteOf : visitorOf
  return (
    <ListCard label="Signed in now">
      <CardHeader title="Signed in now" className="pb-3" />
      <Loaded query={grants} skeleton={<SkeletonRows rows={2} />}>
        {(rows) =>
          rows.length === 0 ? (
            <p className="px-4 pb-5 text-muted-foreground sm:px-5">{empty}</p>
          ) : (
            <>
              <Table label="Signed in now">
                <TableHeader>
                  <TableRow>
                    <TableHead>{'agent_id' in of ? 'Website' : 'Who'}</TableHead>
                    <TableHead>Proved</TableHead>
                    <TableHead>Since</TableHead>
                    <TableHead className="w-24">
                      <span className="sr-only">End</span>
                    </TableHead>
                  </TableRow>
                </TableHeader>
                <TableBody>
                  {rows.map((grant) => (
                    <GrantRow
                      key={grant.grant_id}
                      grant={grant}
                      party={partyOf(grant)}
                      onEnd={canWrite ? () => setEnding(grant) : undefined}
                    />
                  ))}
                </TableBody>
              </Table>
              <LoadMore {...grants} shown={rows.length} />
            </>
          )
        }
      </Loaded>
      <EndGrant grant={ending} onClose={() => setEnding(undefined)} />
    </ListCard>
  )
}

interface Party {
  name: string
  detail: string
}

const websiteOf = ({ client_name, client_id }: LiveGrant): Party => ({ name: client_name, detail: client_id })

const visitorOf = ({ agent_id, agent_name, user_name, model }: LiveGrant): Party =>
  agent_id === null
    ? { name: user_name ?? 'A person', detail: 'a person' }
    : { name: agent_name ?? agent_id, detail: model ?? 'an agent' }

interface GrantRowProps {
  grant: LiveGrant
  party: Party
  onEnd: (() => void) | undefined
}

function GrantRow({ grant, party, onEnd }: GrantRowProps) {
  return (
    <TableRow>
      <TableCell>
        <span className="block truncate font-medium">
          <bdi>{party.name}</bdi>
        </span>
        <span className="block truncate text-[0.8125rem] text-muted-foreground">{party.detail}</span>
      </TableCell>
      <TableCell label="Proved">
        <AssuranceBadge acr={grant.acr} />
      </TableCell>
      <TableCell label="Since" className="text-muted-foreground">
        <RelativeTime at={grant.created_at} />
      </TableCell>
      <TableCell className="text-right max-sm:pt-1.5! max-sm:text-left">
        {onEnd && (
          <Button variant="outline" size="sm" aria-label={`End the sign-in of ${party.name}`} onClick={onEnd}>
            <LogOut aria-hidden />
            End
          </Button>
        )}
      </TableCell>
    </TableRow>
  )
}

function EndGrant({ grant, onClose }: { grant: LiveGrant | undefined; onClose: () => void }) {
  const asked = useLast(grant)
  const end = useAct({
    act: ({ grant_id }: LiveGrant) => endGrant(grant_id),
    changes: ['tokens', 'sign-ins', 'overview'],
    done: (_, { client_name }) => `The sign-in at ${client_name} is over`,
    onDone: onClose,
  })
  const who = asked && visitorOf(asked).name
  return (
    <ConfirmDialog
      open={grant !== undefined}
      onOpenChange={(open) => open || onClose()}
      title={`End the sign-in at ${asked?.client_name}?`}
      description={`${asked?.client_name} can no longer act on it: its tokens are worth nothing from now on. ${who} may sign in there again.`}
      action="End sign-in"
      pending={end.pending}
      onConfirm={() => grant && end.run(grant)}
    />
  )
}
