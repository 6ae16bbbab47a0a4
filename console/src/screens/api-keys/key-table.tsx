import { useState } from 'react'
import { Badge } from '../../components/badge.tsx'
import { Button } from '../../components/button.tsx'
import { RelativeTime, useNow } from '../../components/relative-time.tsx'
import { ScopeBadges } from '../../components/scope-badges.tsx'
import { Table, TableBody, TableCell, TableHead, TableHeader, TableRow } from '../../components/table.tsx'
import type { ApiKey } from './api-key.ts'
import { RevokeApiKey } from './revoke-api-key.tsx'

export function KeyTable({ keys }: { keys: readonly ApiKey[] }) {
  const [revoking, setRevoking] = useState<ApiKey>()
  return (
    <>
      <Table label="API keys">
        <TableHeader>
          <TableRow>
            <TableHead className="w-[28%]">Key</TableHead>
            <TableHead className="w-[24%]">Allows</TableHead>
            <TableHead>Held by</TableHead>
            <TableHead className="w-32">Expires</TableHead>
            <TableHead className="w-36">Last used</TableHead>
            <TableHead className="w-24">
              <span className="sr-only">Revoke</span>
            </TableHead>
          </TableRow>
        </TableHeader>
        <TableBody>
          {keys.map((key) => (
            <KeyRow key={key.key_id} apiKey={key} onRevoke={() => setRevoking(key)} />
          ))}
        </TableBody>
      </Table>
      <RevokeApiKey apiKey={revoking} onClose={() => setRevoking(undefined)} />
    </>
  )
}

function KeyRow({ apiKey, onRevoke }: { apiKey: ApiKey; onRevoke: () => void }) {
  return (
    <TableRow>
      <TableCell>
        <div className="grid gap-0.5">
          <span className="font-medium">{apiKey.name}</span>
          <code className="font-mono text-xs text-muted-foreground">
            {apiKey.prefix}…{apiKey.last_four}
          </code>
        </div>
      </TableCell>
      <TableCell label="Allows">
        <div className="grid gap-1.5">
          <ScopeBadges scopes={apiKey.scopes} label={`What ${apiKey.name} allows`} />
          {apiKey.models && <ModelList models={apiKey.models} of={apiKey.name} />}
        </div>
      </TableCell>
      <TableCell label="Held by">
        {apiKey.client_id === null ? (
          <span className="text-muted-foreground">You</span>
        ) : (
          (apiKey.client_name ?? apiKey.client_id)
        )}
      </TableCell>
      <TableCell label="Expires">
        <Expiry at={apiKey.expires_at} />
      </TableCell>
      <TableCell label="Last used" className="text-muted-foreground">
        <RelativeTime at={apiKey.last_used_at} />
      </TableCell>
      <TableCell className="text-right max-sm:pt-1.5! max-sm:text-left">
        <Button variant="outline" size="sm" aria-label={`Revoke ${apiKey.name}`} onClick={onRevoke}>
          Revoke
        </Button>
      </TableCell>
    </TableRow>
  )
}

/** A key may be for a hundred. */
const MODELS_SHOWN = 5

function ModelList({ models, of }: { models: readonly string[]; of: string }) {
  const hidden = models.slice(MODELS_SHOWN)
  return (
    <ul aria-label={`Models that ${of} may call`} className="grid gap-0.5 text-xs text-muted-foreground">
      {models.slice(0, MODELS_SHOWN).map((model) => (
        <li key={model} className="font-mono break-words">
          {model}
        </li>
      ))}
      {hidden.length > 0 && <li title={hidden.join('\n')}>and {hidden.length} more</li>}
    </ul>
  )
}

const WEEK_MS = 7 * 86_400_000

function Expiry({ at }: { at: string | null }) {
  const now = useNow()
  if (at === null) return <span className="text-muted-foreground">never</span>
  const left = Date.parse(at) - now
  if (left <= 0) return <Badge tone="danger">Expired</Badge>
  return <RelativeTime at={at} className={left < WEEK_MS ? 'font-medium text-warning' : 'text-muted-foreground'} />
}
