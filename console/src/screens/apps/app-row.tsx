import { Check, KeyRound } from 'lucide-react'
import { Badge } from '../../components/badge.tsx'
import { Button } from '../../components/button.tsx'
import { Initials } from '../../components/initials.tsx'
import { RelativeTime } from '../../components/relative-time.tsx'
import { wordsOf } from '../../scopes.ts'
import { type ApprovedApp, scopesOf } from './approved-app.ts'

interface AppRowProps {
  app: ApprovedApp
  onWithdraw: () => void
}

export function AppRow({ app, onWithdraw }: AppRowProps) {
  const { client_name: name, host, live_keys: keys, approved_at } = app
  return (
    <li className="grid grid-cols-[auto_minmax(0,1fr)] items-start gap-x-4 gap-y-3 px-4 py-5 sm:grid-cols-[auto_minmax(0,1fr)_auto] sm:px-5">
      <Initials name={name} className="size-10 rounded-xl text-sm" />
      <div className="grid gap-3">
        <div className="grid gap-0.5">
          <h2 className="font-semibold">{name}</h2>
          <p className="text-[0.8125rem] text-muted-foreground">
            {host && `${host} · `}approved <RelativeTime at={approved_at} />
          </p>
        </div>
        <Permissions app={app} />
        {keys > 0 && (
          <Badge tone="info">
            <KeyRound aria-hidden />
            {keys === 1 ? 'Holds an API key of yours' : `Holds ${keys} API keys of yours`}
          </Badge>
        )}
      </div>
      <Button
        variant="outline"
        size="sm"
        className="max-sm:col-start-2 max-sm:justify-self-start"
        aria-label={`Withdraw ${name}`}
        onClick={onWithdraw}
      >
        Withdraw
      </Button>
    </li>
  )
}

/** Every scope in plain words; one of the app's own, which we know nothing of, by its name. */
function Permissions({ app }: { app: ApprovedApp }) {
  const scopes = scopesOf(app)
  if (scopes.length === 0)
    return <p className="text-muted-foreground">It can recognize you when you come back, and nothing else.</p>
  return (
    <div className="grid gap-1.5">
      <p className="text-[0.8125rem] text-muted-foreground">It can</p>
      <ul aria-label={`What ${app.client_name} can do`} className="grid gap-x-6 gap-y-1.5 lg:grid-cols-2">
        {scopes.map((scope) => {
          const words = wordsOf(scope)
          const Icon = words?.icon ?? Check
          return (
            <li key={scope} className="flex gap-2">
              <Icon className="mt-0.5 size-4 shrink-0 text-muted-foreground" aria-hidden />
              {words?.can ?? <code className="font-mono text-[0.8125rem]">{scope}</code>}
            </li>
          )
        })}
      </ul>
    </div>
  )
}
