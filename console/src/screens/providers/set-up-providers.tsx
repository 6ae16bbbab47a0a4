import { useState } from 'react'
import { Badge } from '../../components/badge.tsx'
import { Button } from '../../components/button.tsx'
import { CardHeader } from '../../components/card.tsx'
import { CopyText } from '../../components/copy-button.tsx'
import { Initials } from '../../components/initials.tsx'
import { ListCard } from '../../components/list-card.tsx'
import { Table, TableBody, TableCell, TableHead, TableHeader, TableRow } from '../../components/table.tsx'
import type { Provider } from '../../providers.ts'
import { RemoveProvider } from './remove-provider.tsx'

interface SetUpProvidersProps {
  providers: readonly Provider[]
  isSearched: boolean
  onOpen: (name: string) => void
}

export function SetUpProviders({ providers, isSearched, onOpen }: SetUpProvidersProps) {
  const [removing, setRemoving] = useState<Provider>()
  if (providers.length === 0 && isSearched) return null
  return (
    <ListCard label="Set up">
      <CardHeader
        title="Set up"
        description={
          providers.length === 0
            ? 'None yet. Choose one below: people can connect their accounts there as soon as it is set up.'
            : 'People can connect their accounts at these.'
        }
        className="pb-4"
      />
      {providers.length > 0 && (
        <Table label="Providers that are set up">
          <TableHeader>
            <TableRow>
              <TableHead className="w-[20%]">Provider</TableHead>
              <TableHead className="w-[18%]">Client id</TableHead>
              <TableHead>Redirect URI</TableHead>
              <TableHead className="w-52">
                <span className="sr-only">Acts</span>
              </TableHead>
            </TableRow>
          </TableHeader>
          <TableBody>
            {providers.map((provider) => (
              <ProviderRow
                key={provider.name}
                provider={provider}
                onChange={() => onOpen(provider.name)}
                onRemove={() => setRemoving(provider)}
              />
            ))}
          </TableBody>
        </Table>
      )}
      <RemoveProvider provider={removing} onClose={() => setRemoving(undefined)} />
    </ListCard>
  )
}

interface ProviderRowProps {
  provider: Provider
  onChange: () => void
  onRemove: () => void
}

function ProviderRow({ provider, onChange, onRemove }: ProviderRowProps) {
  const { name, label, client_id, has_client_secret, in_catalogue, redirect_uri, token_endpoint_auth_method } = provider
  const lacksSecret = !has_client_secret && token_endpoint_auth_method !== 'none'
  return (
    <TableRow>
      <TableCell>
        <div className="flex min-w-0 items-center gap-3">
          <Initials name={label} className="rounded-lg" />
          <div className="grid min-w-0">
            <span className="truncate font-medium">{label}</span>
            <span className="truncate text-[0.8125rem] text-muted-foreground">
              {in_catalogue ? name : `${name}, your own`}
            </span>
          </div>
        </div>
      </TableCell>
      <TableCell label="Client id">
        <code className="block truncate font-mono text-[0.8125rem]" title={client_id ?? undefined}>
          {client_id}
        </code>
        {lacksSecret && <Badge tone="warning">No secret</Badge>}
      </TableCell>
      <TableCell label="Redirect URI">
        <CopyText value={redirect_uri} what={`redirect URI of ${label}`} />
      </TableCell>
      <TableCell className="text-right max-sm:pt-1.5! max-sm:text-left">
        <span className="inline-flex gap-2">
          <Button variant="outline" size="sm" aria-label={`Change ${label}`} onClick={onChange}>
            Change
          </Button>
          <Button variant="outline" size="sm" aria-label={`Remove ${label}`} onClick={onRemove}>
            Remove
          </Button>
        </span>
      </TableCell>
    </TableRow>
  )
}
