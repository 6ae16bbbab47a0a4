import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { type Provider, removeProvider } from '../../providers.ts'
import { useAct } from '../../use-act.ts'
import { useLast } from '../../use-last.ts'

interface RemoveProviderProps {
  /** Undefined keeps the question closed. */
  provider: Provider | undefined
  onClose: () => void
}

export function RemoveProvider({ provider, onClose }: RemoveProviderProps) {
  const asked = useLast(provider)
  const remove = useAct({
    act: ({ name }: Provider) => removeProvider(name),
    changes: ['providers', 'connections'],
    done: (_, { label }) => `${label} is removed`,
    onDone: onClose,
  })
  const label = asked?.label
  return (
    <ConfirmDialog
      open={provider !== undefined}
      onOpenChange={(open) => open || onClose()}
      title={`Remove ${label}?`}
      description={
        <>
          <p>
            Nobody can connect an account there any more. Connections that exist stay, and work until their tokens end:
            without the client, none of them can be renewed.
          </p>
          <p className="mt-2">
            {asked?.in_catalogue
              ? 'The client id and the secret are deleted here. Set up again with the same client, everything goes on.'
              : 'It is your own, so its addresses are deleted with the client id and the secret.'}
          </p>
        </>
      }
      action="Remove provider"
      pending={remove.pending}
      onConfirm={() => provider && remove.run(provider)}
    />
  )
}
