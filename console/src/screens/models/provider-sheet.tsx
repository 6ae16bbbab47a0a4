import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Loaded } from '../../components/loaded.tsx'
import { Sheet, SheetContent } from '../../components/sheet.tsx'
import { modelProvidersQuery } from '../../models.ts'
import { ModelProviderForm } from './provider-form.tsx'

/** In the address, in the place of an id: no provider can be called that. */
export const NEW = '_new'

interface ModelProviderSheetProps {
  /** Of the address: a provider's id, or `NEW`. */
  at: string | undefined
  onClose: () => void
}

export function ModelProviderSheet({ at, onClose }: ModelProviderSheetProps) {
  const [changed, setChanged] = useState(false)
  const close = () => {
    setChanged(false)
    onClose()
  }
  return (
    <Sheet open={at !== undefined} onOpenChange={(opened) => opened || close()}>
      {at !== undefined && (
        <SheetContent
          key={at}
          title={at === NEW ? 'Add a provider of models' : `Change ${at}`}
          description={
            at === NEW
              ? 'It serves from the next call on.'
              : 'What you change counts from the next call on; those under way end as they began.'
          }
          className="scroll-pb-24"
          // What was typed does not go by a click beside it.
          onInteractOutside={(event) => changed && event.preventDefault()}
          onInput={() => setChanged(true)}
        >
          {at === NEW ? <ModelProviderForm provider={undefined} onDone={close} /> : <Change id={at} onDone={close} />}
        </SheetContent>
      )}
    </Sheet>
  )
}

/** As it is now: a form that began with what was known before would put that back. */
function Change({ id, onDone }: { id: string; onDone: () => void }) {
  const { data, error, refetch, isFetchedAfterMount } = useQuery({ ...modelProvidersQuery, staleTime: 0 })
  return (
    <Loaded query={{ data: isFetchedAfterMount ? data : undefined, error, refetch }}>
      {(all) => {
        const provider = all.find((each) => each.id === id)
        return provider ? <ModelProviderForm provider={provider} onDone={onDone} /> : <Gone />
      }}
    </Loaded>
  )
}

function Gone() {
  return <p className="px-5 text-muted-foreground sm:px-6">There is no such provider any more.</p>
}
