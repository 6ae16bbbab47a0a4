import { Link } from '@tanstack/react-router'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { useAct } from '../../use-act.ts'
import { useLast } from '../../use-last.ts'
import { type ApiKey, revokeApiKey } from './api-key.ts'

interface RevokeApiKeyProps {
  /** Undefined keeps the question closed. */
  apiKey: ApiKey | undefined
  onClose: () => void
}

export function RevokeApiKey({ apiKey, onClose }: RevokeApiKeyProps) {
  const asked = useLast(apiKey)
  const revoke = useAct({
    act: ({ key_id }: ApiKey) => revokeApiKey(key_id),
    changes: ['api-keys', 'apps'],
    done: (_, { name }) => `“${name}” is revoked`,
    onDone: onClose,
  })
  return (
    <ConfirmDialog
      open={apiKey !== undefined}
      onOpenChange={(open) => open || onClose()}
      title={`Revoke “${asked?.name}”?`}
      description={
        <>
          Whatever uses the key <code className="font-mono text-[0.8125rem]">…{asked?.last_four}</code> is refused from
          now on. This cannot be undone; a program that goes on needs a new key.
          {asked?.client_id && <OfApp name={asked.client_name ?? asked.client_id} />}
        </>
      }
      action="Revoke key"
      pending={revoke.pending}
      onConfirm={() => apiKey && revoke.run(apiKey)}
    />
  )
}

function OfApp({ name }: { name: string }) {
  return (
    <p className="mt-2">
      {name} holds this key, and gets a new one when you sign in there again. To stop the app itself, withdraw it in{' '}
      <Link to="/apps" className="link">
        Approved apps
      </Link>
      .
    </p>
  )
}
