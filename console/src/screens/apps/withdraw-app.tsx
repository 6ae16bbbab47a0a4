import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { useAct } from '../../use-act.ts'
import { useLast } from '../../use-last.ts'
import { type ApprovedApp, scopesOf, withdrawApp } from './approved-app.ts'

interface WithdrawAppProps {
  /** Undefined keeps the question closed. */
  app: ApprovedApp | undefined
  onClose: () => void
}

export function WithdrawApp({ app, onClose }: WithdrawAppProps) {
  const asked = useLast(app)
  const withdraw = useAct({
    act: ({ client_id }: ApprovedApp) => withdrawApp(client_id),
    changes: ['apps', 'api-keys', 'tokens', 'sign-ins', 'overview'],
    done: (_, { client_name }) => `${client_name} is out`,
    onDone: onClose,
  })
  const name = asked?.client_name
  return (
    <ConfirmDialog
      open={app !== undefined}
      onOpenChange={(open) => open || onClose()}
      title={`Withdraw ${name}?`}
      description={
        <>
          <p>These end at once:</p>
          <ul className="mt-1.5 mb-2.5 list-disc space-y-1 pl-5">
            {asked && endings(asked).map((ending) => <li key={ending}>{ending}</li>)}
          </ul>
          <p>What {name} has stored stays there; ask them to delete it. You can let it in again by signing in there.</p>
        </>
      }
      action="Withdraw app"
      pending={withdraw.pending}
      onConfirm={() => app && withdraw.run(app)}
    />
  )
}

function endings(app: ApprovedApp): string[] {
  const { live_keys: keys } = app
  const scopes = scopesOf(app)
  return [
    'your sign-ins there, and every token that they gave',
    ...(keys > 0 ? [keys === 1 ? 'the API key that it holds' : `the ${keys} API keys that it holds`] : []),
    ...(scopes.some((scope) => scope === 'agent-fuel' || scope === 'api_access') ? ['its calls on your budget'] : []),
    'your yes: it has to ask you again',
  ]
}
