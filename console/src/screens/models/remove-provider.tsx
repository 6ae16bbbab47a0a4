import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { type OfferedModels, removeModelProvider } from '../../models.ts'
import { useAct } from '../../use-act.ts'
import { useLast } from '../../use-last.ts'

interface RemoveModelProviderProps {
  /** Undefined keeps the question closed. */
  provider: OfferedModels | undefined
  onClose: () => void
}

export function RemoveModelProvider({ provider, onClose }: RemoveModelProviderProps) {
  const asked = useLast(provider)
  const remove = useAct({
    act: ({ id }: OfferedModels) => removeModelProvider(id),
    changes: ['models'],
    done: (_, { id }) => `${id} is removed`,
    onDone: onClose,
  })
  return (
    <ConfirmDialog
      open={provider !== undefined}
      onOpenChange={(open) => open || onClose()}
      title={`Remove ${asked?.id}?`}
      description="Its models answer nobody from the next call on, and the server’s key there is deleted. Receipts stay, and so do the keys that people gave themselves. To stop it for a while, switch it off."
      action="Remove provider"
      pending={remove.pending}
      onConfirm={() => provider && remove.run(provider)}
    />
  )
}
