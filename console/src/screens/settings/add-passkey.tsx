import { addPasskey } from '../../account.ts'
import { Dialog, DialogContent } from '../../components/dialog.tsx'
import { useAct } from '../../use-act.ts'
import { deviceOf } from './device.ts'
import { PasskeyForm } from './passkey-form.tsx'

interface AddPasskeyProps {
  open: boolean
  onClose: () => void
}

export function AddPasskey({ open, onClose }: AddPasskeyProps) {
  const add = useAct({
    act: addPasskey,
    changes: ['account'],
    done: (_, name) => `The passkey “${name}” is added`,
    onDone: onClose,
    inForm: true,
  })
  const close = () => {
    add.reset()
    onClose()
  }
  return (
    <Dialog open={open} onOpenChange={(opened) => opened || close()}>
      <DialogContent title="Add a passkey" className="sm:max-w-md">
        <PasskeyForm
          name={deviceOf(navigator.userAgent).name}
          action="Continue"
          failure={add.failure}
          pending={add.pending}
          onSubmit={add.run}
        >
          <p className="text-[0.8125rem] text-muted-foreground">
            Next your browser asks where to keep it: on this device, in a password manager or on a security key.
          </p>
        </PasskeyForm>
      </DialogContent>
    </Dialog>
  )
}
