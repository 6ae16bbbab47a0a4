import { Fingerprint } from 'lucide-react'
import type { Passkey } from '../../account.ts'
import { Badge } from '../../components/badge.tsx'
import { Button } from '../../components/button.tsx'
import { RelativeTime } from '../../components/relative-time.tsx'

/** Who gave it none still has to be able to tell it from the others. */
export const passkeyName = ({ name }: Passkey): string => name || 'Passkey without a name'

interface PasskeyRowProps {
  passkey: Passkey
  onRename: () => void
  onDelete: () => void
}

export function PasskeyRow({ passkey, onRename, onDelete }: PasskeyRowProps) {
  const name = passkeyName(passkey)
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2.5 px-4 py-3.5 sm:px-5">
      <span className="grid size-9 shrink-0 place-items-center rounded-lg bg-muted text-muted-foreground">
        <Fingerprint className="size-5 stroke-[1.75]" aria-hidden />
      </span>
      <div className="grid min-w-0 flex-1 gap-0.5">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <span className="font-medium">{name}</span>
          {passkey.deviceType === 'multiDevice' && (
            <Badge title="Your password manager brings it to your other devices">Synced</Badge>
          )}
        </p>
        <p className="text-[0.8125rem] text-muted-foreground">
          added <RelativeTime at={passkey.createdAt} />
        </p>
      </div>
      <div className="flex gap-2 max-sm:w-full max-sm:pl-13">
        <Button variant="outline" size="sm" aria-label={`Rename ${name}`} onClick={onRename}>
          Rename
        </Button>
        <Button variant="outline" size="sm" aria-label={`Delete ${name}`} onClick={onDelete}>
          Delete
        </Button>
      </div>
    </li>
  )
}
