import { browserSupportsWebAuthn } from '@simplewebauthn/browser'
import { useQuery } from '@tanstack/react-query'
import { Fingerprint, Plus } from 'lucide-react'
import { useState } from 'react'
import { type Passkey, passkeysQuery } from '../../account.ts'
import { Button } from '../../components/button.tsx'
import { CardHeader } from '../../components/card.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { ListCard } from '../../components/list-card.tsx'
import { Loaded } from '../../components/loaded.tsx'
import { SkeletonRows } from '../../components/skeleton.tsx'
import { AddPasskey } from './add-passkey.tsx'
import { DeletePasskey } from './delete-passkey.tsx'
import { PasskeyRow } from './passkey-row.tsx'
import { RenamePasskey } from './rename-passkey.tsx'

type Open = { what: 'add' } | { what: 'rename' | 'delete'; passkey: Passkey }

/** Ways to sign in without a password. */
export function Passkeys() {
  const passkeys = useQuery(passkeysQuery)
  const [open, setOpen] = useState<Open>()
  const close = () => setOpen(undefined)
  const ofKind = (what: 'rename' | 'delete') => (open?.what === what ? open.passkey : undefined)
  const addButton = browserSupportsWebAuthn() && (
    <Button onClick={() => setOpen({ what: 'add' })}>
      <Plus aria-hidden />
      Add a passkey
    </Button>
  )
  return (
    <ListCard label="Passkeys">
      <CardHeader
        title="Passkeys"
        description="Sign in with the fingerprint, the face or the PIN of your device. There is nothing to remember, and nothing that a false website could take from you."
        actions={passkeys.data?.length !== 0 && addButton}
        className="border-b pb-4 sm:flex-nowrap"
      />
      <Loaded query={passkeys} skeleton={<SkeletonRows rows={2} />}>
        {(rows) =>
          rows.length === 0 ? (
            <EmptyState icon={Fingerprint} title="You have no passkey yet" action={addButton} className="py-9">
              {addButton
                ? 'Add one for each device that you use. With it you also approve what your agents ask for, without typing your password.'
                : 'This browser cannot make passkeys. Open the console over https, in a browser that can.'}
            </EmptyState>
          ) : (
            <ul className="divide-y">
              {rows.map((passkey) => (
                <PasskeyRow
                  key={passkey.id}
                  passkey={passkey}
                  onRename={() => setOpen({ what: 'rename', passkey })}
                  onDelete={() => setOpen({ what: 'delete', passkey })}
                />
              ))}
            </ul>
          )
        }
      </Loaded>
      <AddPasskey open={open?.what === 'add'} onClose={close} />
      <RenamePasskey passkey={ofKind('rename')} onClose={close} />
      <DeletePasskey passkey={ofKind('delete')} onClose={close} />
    </ListCard>
  )
}
