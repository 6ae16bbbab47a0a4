import { useInfiniteQuery } from '@tanstack/react-query'
import { MailPlus, UserPlus } from 'lucide-react'
import { useState } from 'react'
import { Button } from '../../components/button.tsx'
import { CardHeader } from '../../components/card.tsx'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { ListCard } from '../../components/list-card.tsx'
import { LoadMore } from '../../components/load-more.tsx'
import { Loaded } from '../../components/loaded.tsx'
import { RelativeTime } from '../../components/relative-time.tsx'
import { SkeletonRows } from '../../components/skeleton.tsx'
import { Table, TableBody, TableCell, TableHead, TableHeader, TableRow } from '../../components/table.tsx'
import { useAct } from '../../use-act.ts'
import { useLast } from '../../use-last.ts'
import { Invite } from './invite.tsx'
import { type Invitation, invitationsQuery, withdrawInvitation } from './organization.ts'
import { labelOf } from './roles.ts'

/** Those that can still be accepted. For administrators. */
export function Invitations() {
  const invitations = useInfiniteQuery(invitationsQuery)
  const [inviting, setInviting] = useState(false)
  const [withdrawing, setWithdrawing] = useState<Invitation>()
  const inviteButton = (
    <Button variant={invitations.data?.length === 0 ? 'default' : 'outline'} onClick={() => setInviting(true)}>
      <UserPlus aria-hidden />
      Invite somebody
    </Button>
  )
  return (
    <ListCard label="Invitations">
      <CardHeader
        title="Invitations"
        description="Sent, and not accepted yet. Each link works once, for seven days."
        actions={invitations.data?.length !== 0 && inviteButton}
        className="border-b pb-4"
      />
      <Loaded query={invitations} skeleton={<SkeletonRows rows={2} />}>
        {(rows) =>
          rows.length === 0 ? (
            <EmptyState icon={MailPlus} title="No invitation is open" action={inviteButton} className="py-9">
              Invite who works with you: they get a mail with a link, and join with the role that you choose.
            </EmptyState>
          ) : (
            <>
              <Rows invitations={rows} onWithdraw={setWithdrawing} />
              <LoadMore {...invitations} shown={rows.length} />
            </>
          )
        }
      </Loaded>
      <Invite open={inviting} onOpenChange={setInviting} />
      <Withdraw invitation={withdrawing} onClose={() => setWithdrawing(undefined)} />
    </ListCard>
  )
}

interface RowsProps {
  invitations: readonly Invitation[]
  onWithdraw: (invitation: Invitation) => void
}

function Rows({ invitations, onWithdraw }: RowsProps) {
  return (
    <Table label="Invitations">
      <TableHeader>
        <TableRow>
          <TableHead className="w-[45%]">Email</TableHead>
          <TableHead className="w-48">Role</TableHead>
          <TableHead>Ends</TableHead>
          <TableHead className="w-28">
            <span className="sr-only">Revoke</span>
          </TableHead>
        </TableRow>
      </TableHeader>
      <TableBody>
        {invitations.map((invitation) => (
          <TableRow key={invitation.invitation_id}>
            <TableCell className="font-medium">{invitation.email}</TableCell>
            <TableCell label="Role">{labelOf(invitation.role)}</TableCell>
            <TableCell label="Ends" className="text-muted-foreground">
              <RelativeTime at={invitation.expires_at} />
            </TableCell>
            <TableCell className="text-right max-sm:pt-1.5! max-sm:text-left">
              <Button
                variant="outline"
                size="sm"
                aria-label={`Revoke the invitation of ${invitation.email}`}
                onClick={() => onWithdraw(invitation)}
              >
                Revoke
              </Button>
            </TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  )
}

function Withdraw({ invitation, onClose }: { invitation: Invitation | undefined; onClose: () => void }) {
  const asked = useLast(invitation)
  const withdraw = useAct({
    act: ({ invitation_id }: Invitation) => withdrawInvitation(invitation_id),
    changes: ['invitations'],
    done: (_, { email }) => `The invitation of ${email} is revoked`,
    onDone: onClose,
  })
  return (
    <ConfirmDialog
      open={invitation !== undefined}
      onOpenChange={(open) => open || onClose()}
      title="Revoke the invitation?"
      description={`The link that ${asked?.email} got no longer works. You can invite them again.`}
      action="Revoke invitation"
      pending={withdraw.pending}
      onConfirm={() => invitation && withdraw.run(invitation)}
    />
  )
}
