import { Link } from '@tanstack/react-router'
import { Card, CardContent, CardHeader } from '../../components/card.tsx'
import { CopyText } from '../../components/copy-button.tsx'
import { Fact } from '../../components/fact.tsx'
import { RelativeTime } from '../../components/relative-time.tsx'
import type { Connection } from '../../connections.ts'
import { useMe } from '../../me.ts'
import { useNames } from '../../names.ts'
import { ProviderScopes } from '../connections/provider-scopes.tsx'

export function ConnectionFacts({ connection }: { connection: Connection }) {
  const { connection_id, scopes, expires_at, status, last_used_at, last_used_by, made_by, created_at, user_id } =
    connection
  const { user } = useMe()
  return (
    <Card>
      <CardHeader title="About it" />
      <CardContent className="pt-2 sm:pt-2">
        <dl className="grid gap-4">
          <Fact label="Connection id">
            <CopyText value={connection_id} what="connection id" />
          </Fact>
          <Fact label="Whose account">
            {user_id === user.id ? 'Yours' : <code className="font-mono text-[0.8125rem] break-all">{user_id}</code>}
          </Fact>
          <Fact label="Scopes">
            <ProviderScopes scopes={scopes} />
          </Fact>
          {status === 'active' && (
            <Fact label="Token ends">
              <RelativeTime at={expires_at ?? null} />
              {expires_at && <p className="text-[0.8125rem] text-muted-foreground">We renew it before, if we can.</p>}
            </Fact>
          )}
          <Fact label="Last used">
            <RelativeTime at={last_used_at} never="never yet" />
            {last_used_by && (
              <>
                {' '}
                by <Who id={last_used_by} />
              </>
            )}
          </Fact>
          <Fact label="Made">
            <RelativeTime at={created_at} /> by <Who id={made_by} />
          </Fact>
        </dl>
      </CardContent>
    </Card>
  )
}

function Who({ id }: { id: string }) {
  const { agents, within } = useNames()
  const name = within(id)
  if (!agents.some((agent) => agent.id === id)) return name
  return (
    <Link to="/agents/$agentId" params={{ agentId: id }} className="link">
      {name}
    </Link>
  )
}
