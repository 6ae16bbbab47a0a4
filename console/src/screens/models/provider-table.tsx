import { useState } from 'react'
import { Badge } from '../../components/badge.tsx'
import { Button } from '../../components/button.tsx'
import { Initials } from '../../components/initials.tsx'
import { NameList } from '../../components/name-list.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { Switch } from '../../components/switch.tsx'
import { Table, TableBody, TableCell, TableHead, TableHeader, TableRow } from '../../components/table.tsx'
import { KIND_LABELS, type OfferedModels, switchModelProvider } from '../../models.ts'
import { useAct } from '../../use-act.ts'
import { RemoveModelProvider } from './remove-provider.tsx'

interface ProviderTableProps {
  providers: readonly OfferedModels[]
  /** Undefined: who looks changes nothing here. */
  onChange: ((id: string) => void) | undefined
}

export function ProviderTable({ providers, onChange }: ProviderTableProps) {
  const [removing, setRemoving] = useState<OfferedModels>()
  return (
    <>
      <Table label="Providers of models">
        <TableHeader>
          <TableRow>
            <TableHead className="w-[23%]">Provider</TableHead>
            <TableHead>Models</TableHead>
            <TableHead className="w-44">Health</TableHead>
            <TableHead className="w-36">Keys</TableHead>
            {onChange && (
              <TableHead className="w-60">
                <span className="sr-only">Acts</span>
              </TableHead>
            )}
          </TableRow>
        </TableHeader>
        <TableBody>
          {providers.map((provider) => (
            <TableRow key={provider.id}>
              <TableCell>
                <div className="flex min-w-0 items-center gap-3">
                  <Initials name={provider.id} className="rounded-lg" />
                  <div className="grid min-w-0">
                    <span className="truncate font-medium" title={provider.id}>
                      {provider.id}
                    </span>
                    <span className="truncate text-[0.8125rem] text-muted-foreground">
                      {KIND_LABELS[provider.kind]}
                    </span>
                  </div>
                </div>
              </TableCell>
              <TableCell label="Models">
                <NameList label="Models" names={provider.models.map(modelName)} />
              </TableCell>
              <TableCell label="Health">
                <Health provider={provider} />
              </TableCell>
              <TableCell label="Keys">
                <Keys provider={provider} />
              </TableCell>
              {onChange && (
                <TableCell className="text-right max-sm:pt-1.5! max-sm:text-left">
                  <span className="inline-flex items-center gap-2">
                    <OnOff provider={provider} />
                    <Button
                      variant="outline"
                      size="sm"
                      aria-label={`Change ${provider.id}`}
                      onClick={() => onChange(provider.id)}
                    >
                      Change
                    </Button>
                    <Button
                      variant="outline"
                      size="sm"
                      aria-label={`Remove ${provider.id}`}
                      onClick={() => setRemoving(provider)}
                    >
                      Remove
                    </Button>
                  </span>
                </TableCell>
              )}
            </TableRow>
          ))}
        </TableBody>
      </Table>
      <RemoveModelProvider provider={removing} onClose={() => setRemoving(undefined)} />
    </>
  )
}

const modelName = ({ id, operations }: OfferedModels['models'][number]) => ({
  name: id,
  title: operations.includes('chat') ? id : `${id}, for embeddings`,
})

/** The worst of its models; which these are is said where not all are. */
function Health({ provider: { enabled, breaker, models } }: { provider: OfferedModels }) {
  if (!enabled) return <StatusBadge status="disabled" label="Switched off" />
  const ill = models.filter((model) => model.breaker !== 'closed').map(({ id }) => id)
  return (
    <div className="grid gap-0.5">
      <StatusBadge status={breaker} />
      {ill.length > 0 && ill.length < models.length && (
        <span className="truncate text-xs text-muted-foreground" title={ill.join(', ')}>
          {ill.join(', ')}
        </span>
      )}
    </div>
  )
}

/** That there are some. What they are nobody is told. */
function Keys({ provider: { has_platform_key, has_own_key } }: { provider: OfferedModels }) {
  if (!has_platform_key && !has_own_key) return <Badge tone="outline">None</Badge>
  return (
    <div className="flex flex-wrap gap-1">
      {has_platform_key && <Badge>Server’s</Badge>}
      {has_own_key && <Badge tone="info">Yours</Badge>}
    </div>
  )
}

function OnOff({ provider: { id, enabled } }: { provider: OfferedModels }) {
  const change = useAct({
    act: (on: boolean) => switchModelProvider(id, on),
    changes: ['models'],
    done: (_, on) => (on ? `${id} serves from the next call on` : `${id} is switched off`),
  })
  const shown = change.pending && change.tried !== undefined ? change.tried : enabled
  return <Switch aria-label={`${id} serves`} checked={shown} onCheckedChange={change.run} />
}
