import { useQuery } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import { Button } from '../../components/button.tsx'
import { CardHeader } from '../../components/card.tsx'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { ListCard } from '../../components/list-card.tsx'
import { Loaded } from '../../components/loaded.tsx'
import { SkeletonRows } from '../../components/skeleton.tsx'
import { type Connection, type Grant, grantsQuery, removeGrant } from '../../connections.ts'
import { usePermissions } from '../../me.ts'
import { useNames } from '../../names.ts'
import { useAct } from '../../use-act.ts'
import { useLast } from '../../use-last.ts'
import { GrantTable } from './grant-table.tsx'
import { NewGrant } from './new-grant.tsx'

/** Which agents may use it, and how far that goes. */
export function Grants({ connection }: { connection: Connection }) {
  const grants = useQuery(grantsQuery(connection.connection_id))
  const [adding, setAdding] = useState(false)
  const [removing, setRemoving] = useState<Grant>()
  const { canWrite } = usePermissions()
  const isLast = grants.data?.length === 1
  return (
    <ListCard label="Who may use it">
      <CardHeader
        title="Who may use it"
        description={grants.data && rule(grants.data.length)}
        className="pb-4 sm:flex-nowrap"
        actions={
          canWrite && (
            <Button variant="outline" size="sm" onClick={() => setAdding(true)}>
              <Plus aria-hidden />
              Let an agent use it
            </Button>
          )
        }
      />
      <Loaded query={grants} skeleton={<SkeletonRows rows={2} />}>
        {(rows) =>
          rows.length > 0 && (
            <GrantTable grants={rows} maker={connection.made_by} onRemove={canWrite ? setRemoving : undefined} />
          )
        }
      </Loaded>
      <NewGrant open={adding} onOpenChange={setAdding} connection={connection} isFirst={grants.data?.length === 0} />
      <RemoveGrant grant={removing} isLast={isLast} onClose={() => setRemoving(undefined)} />
    </ListCard>
  )
}

function rule(count: number): string {
  return count === 0
    ? 'No agent is named, so every agent of the organization may call it through us, and only whoever made it can read its token. Name one, and the others are out.'
    : 'These agents, as far as it says here, and whoever made it. People of the organization call it through us, too.'
}

interface RemoveGrantProps {
  grant: Grant | undefined
  isLast: boolean
  onClose: () => void
}

function RemoveGrant({ grant, isLast, onClose }: RemoveGrantProps) {
  const asked = useLast(grant)
  const { nameOf } = useNames()
  const name = asked && (nameOf(asked.agent_id) ?? asked.agent_id)
  const remove = useAct({
    act: ({ grant_id }: Grant) => removeGrant(grant_id),
    changes: ['connection-grants'],
    done: `${name} has lost this grant`,
    onDone: onClose,
  })
  return (
    <ConfirmDialog
      open={grant !== undefined}
      onOpenChange={(open) => open || onClose()}
      title={`Take back the grant of ${name}?`}
      description={
        isLast
          ? 'It is the only one. Without any, the connection is open again to every agent of the organization. To keep all agents out, revoke the connection.'
          : 'Its next call is refused, unless another grant covers it. A token that it has read keeps working until that ends.'
      }
      action="Take back"
      pending={remove.pending}
      onConfirm={() => grant && remove.run(grant)}
    />
  )
}
