import { type Passkey, renamePasskey } from '../../account.ts'
import { Dialog, DialogContent } from '../../components/dialog.tsx'
import { useAct } from '../../use-act.ts'
import { useLast } from '../../use-last.ts'
import { PasskeyForm } from './passkey-form.tsx'

interface RenamePasskeyProps {
  /** Undefined keeps the dialog closed. */
  passkey: Passkey | undefined
  onClose: () => void
}

export function RenamePasskey({ passkey, onClose }: RenamePasskeyProps) {
  const shown = useLast(passkey)
  const rename = useAct({
    act: ({ id, name }: { id: string; name: string }) => renamePasskey(id, name),
    changes: ['account'],
    done: 'The passkey is renamed',
    onDone: onClose,
    inForm: true,
  })
  const close = () => {
    rename.reset()
    onClose()
  }
  return (
    <Dialog open={passkey !== undefined} onOpenChange={(opened) => opened || close()}>
      <DialogContent title="Rename the passkey" className="sm:max-w-md">
        {shown && (
          <PasskeyForm
            name={shown.name ?? ''}
            action="Rename"
            failure={rename.failure}
            pending={rename.pending}
            onSubmit={(name) => rename.run({ id: shown.id, name })}
          />
        )}
      </DialogContent>
    </Dialog>
  )
}
