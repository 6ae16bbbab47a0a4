import { useState } from 'react'
import { Badge } from '../../components/badge.tsx'
import { Button } from '../../components/button.tsx'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { Initials } from '../../components/initials.tsx'
import { RelativeTime } from '../../components/relative-time.tsx'
import { Table, TableBody, TableCell, TableHead, TableHeader, TableRow } from '../../components/table.tsx'
import { removeProviderKey } from '../../fuel.ts'
import { useAct } from '../../use-act.ts'
import { useLast } from '../../use-last.ts'
import type { KeyPlace } from './key-places.ts'
import { SetKey } from './set-key.tsx'

export function KeyTable({ places }: { places: readonly KeyPlace[] }) {
  const [setting, setSetting] = useState<KeyPlace>()
  const [removing, setRemoving] = useState<KeyPlace>()
  return (
    <>
      <Table label="Your keys at providers">
        <TableHeader>
          <TableRow>
            <TableHead className="w-[34%]">Provider</TableHead>
            <TableHead>Your key</TableHead>
            <TableHead>Given</TableHead>
            <TableHead className="w-52">
              <span className="sr-only">Acts</span>
            </TableHead>
          </TableRow>
        </TableHeader>
        <TableBody>
          {places.map((place) => (
            <KeyRow key={place.id} place={place} onSet={() => setSetting(place)} onRemove={() => setRemoving(place)} />
          ))}
        </TableBody>
      </Table>
      <SetKey place={setting} onClose={() => setSetting(undefined)} />
      <RemoveKey place={removing} onClose={() => setRemoving(undefined)} />
    </>
  )
}

interface KeyRowProps {
  place: KeyPlace
  onSet: () => void
  onRemove: () => void
}

function KeyRow({ place: { id, about, key }, onSet, onRemove }: KeyRowProps) {
  return (
    <TableRow>
      <TableCell>
        <div className="flex min-w-0 items-center gap-3">
          <Initials name={id} className="rounded-lg" />
          <div className="grid min-w-0">
            <span className="truncate font-medium">{id}</span>
            <span className="truncate text-[0.8125rem] text-muted-foreground">{about}</span>
          </div>
        </div>
      </TableCell>
      <TableCell label="Your key">
        {key ? (
          <code className="font-mono text-[0.8125rem]">{key.last_four ? `…${key.last_four}` : 'set'}</code>
        ) : (
          <Badge tone="outline">None</Badge>
        )}
      </TableCell>
      <TableCell label="Given" className="text-muted-foreground">
        <RelativeTime at={key?.updated_at ?? null} />
      </TableCell>
      <TableCell className="text-right max-sm:pt-1.5! max-sm:text-left">
        <span className="inline-flex gap-2">
          <Button variant="outline" size="sm" aria-label={`${key ? 'Replace' : 'Add'} key at ${id}`} onClick={onSet}>
            {key ? 'Replace' : 'Add key'}
          </Button>
          {key && (
            <Button variant="outline" size="sm" aria-label={`Remove key at ${id}`} onClick={onRemove}>
              Remove
            </Button>
          )}
        </span>
      </TableCell>
    </TableRow>
  )
}

interface RemoveKeyProps {
  /** Undefined keeps the question closed. */
  place: KeyPlace | undefined
  onClose: () => void
}

function RemoveKey({ place, onClose }: RemoveKeyProps) {
  const asked = useLast(place)
  const remove = useAct({
    act: ({ id }: KeyPlace) => removeProviderKey(id),
    changes: ['provider-keys', 'models'],
    done: (_, { id }) => `Your key at ${id} is removed`,
    onDone: onClose,
  })
  return (
    <ConfirmDialog
      open={place !== undefined}
      onOpenChange={(open) => open || onClose()}
      title={`Remove your key at ${asked?.id}?`}
      description="It is deleted here, and goes on working wherever else you use it. While your own keys pay, models of this provider do not answer you any more."
      action="Remove key"
      pending={remove.pending}
      onConfirm={() => place && remove.run(place)}
    />
  )
}
