import { deletePasskey, type Passkey } from '../../account.ts'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { useAct } from '../../use-act.ts'
import { useLast } from '../../use-last.ts'
import { passkeyName } from './passkey-row.tsx'

interface DeletePasskeyProps {
  /** Undefined keeps the question closed. */
  passkey: Passkey | undefined
  onClose: () => void
}

export function DeletePasskey({ passkey, onClose }: DeletePasskeyProps) {
  const asked = useLast(passkey)
  const remove = useAct({
    act: ({ id }: Passkey) => deletePasskey(id),
    changes: ['account'],
    done: (_, gone) => `“${passkeyName(gone)}” no longer signs you in`,
    onDone: onClose,
  })
  return (
    <ConfirmDialog
      open={passkey !== undefined}
      onOpenChange={(open) => open || onClose()}
      title={asked ? `Delete “${passkeyName(asked)}”?` : 'Delete the passkey?'}
      description="It no longer signs you in. Your device or password manager still lists it; remove it there too."
      action="Delete passkey"
      pending={remove.pending}
      onConfirm={() => passkey && remove.run(passkey)}
    />
  )
}
