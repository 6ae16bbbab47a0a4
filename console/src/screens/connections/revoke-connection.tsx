import { isFailure } from '../../api.ts'
import { Button } from '../../components/button.tsx'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { Dialog, DialogContent, DialogFooter } from '../../components/dialog.tsx'
import { toast } from '../../components/toast.tsx'
import { type Connection, nameOf, revokeConnection } from '../../connections.ts'
import { useAct } from '../../use-act.ts'
import { useLast } from '../../use-last.ts'

interface RevokeConnectionProps {
  /** Undefined keeps the question closed. */
  connection: Connection | undefined
  onClose: () => void
  /** It is over, and what there is to know about that has been read. */
  onRevoked?: () => void
  /** First parts of the query keys that it makes stale. */
  changes?: readonly string[]
}

/** Asks, and says afterwards what is left to do: a provider that was not told keeps its side of the consent. */
export function RevokeConnection(props: RevokeConnectionProps) {
  const { connection, onClose, onRevoked, changes = ['connections', 'connection-grants'] } = props
  const asked = useLast(connection)
  const revoke = useAct({
    act: revoked,
    changes,
    onDone: (outcome, { provider_label }) => {
      onClose()
      if (outcome === 'not-told') return
      toast.success(sentenceOf(outcome, provider_label))
      finish()
    },
  })
  const finish = () => {
    revoke.reset()
    onRevoked?.()
  }
  return (
    <>
      {asked && (
        <ConfirmDialog
          open={connection !== undefined}
          onOpenChange={(open) => open || onClose()}
          {...questionAbout(asked)}
          pending={revoke.pending}
          onConfirm={() => revoke.run(asked)}
        />
      )}
      <NotTold provider={asked?.provider_label} open={revoke.data === 'not-told'} onClose={finish} />
    </>
  )
}

/** `already`: in another tab, or by somebody else. `never`: there were no tokens that work, so nobody has to be told. */
type Outcome = 'told' | 'not-told' | 'already' | 'never'

async function revoked({ connection_id, status }: Connection): Promise<Outcome> {
  try {
    const { revoked_upstream } = await revokeConnection(connection_id)
    if (revoked_upstream) return 'told'
    return status === 'active' ? 'not-told' : 'never'
  } catch (error) {
    if (isFailure(error, 'not_found')) return 'already'
    throw error
  }
}

function sentenceOf(outcome: Exclude<Outcome, 'not-told'>, provider: string): string {
  if (outcome === 'told') return `Revoked here and at ${provider}`
  return outcome === 'never' ? `The connection to ${provider} is removed` : 'It was revoked already'
}

function questionAbout(connection: Connection) {
  const { status, provider_label: provider } = connection
  const name = nameOf(connection)
  if (status !== 'active')
    return {
      title: `Remove ${name}?`,
      description:
        'It leaves the list, with its grants. A consent that somebody may still be asked for comes to nothing.',
      action: 'Remove connection',
    }
  return {
    title: `Revoke ${name}?`,
    description: `Agents can no longer use it from now on, and its tokens are deleted. We ask ${provider} to forget the consent, too. This cannot be undone; to use the account again, connect it anew.`,
    action: 'Revoke connection',
  }
}

interface NotToldProps {
  provider: string | undefined
  open: boolean
  onClose: () => void
}

function NotTold({ provider, open, onClose }: NotToldProps) {
  return (
    <Dialog open={open} onOpenChange={(opened) => opened || onClose()}>
      <DialogContent
        title={`Revoked here, but ${provider} was not told`}
        description={`Nobody can use it through us any more: its tokens are deleted. ${provider} has no way to be told, or did not answer, so it may still hold the consent or the key to be good. To end it there too, remove it in the settings of the account at ${provider}.`}
        className="sm:max-w-md"
      >
        <DialogFooter>
          <Button onClick={onClose}>Done</Button>
        </DialogFooter>
      </DialogContent>
    </Dialog>
  )
}
