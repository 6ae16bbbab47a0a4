import { useState } from 'react'
import { Sheet, SheetContent } from '../../components/sheet.tsx'
import type { Provider } from '../../providers.ts'
import { ProviderForm } from './provider-form.tsx'

/** In the address, in the place of a name: no provider can be called that. */
export const OWN = '_own'

interface ProviderSheetProps {
  /** Of the address: a provider's name, or `OWN`. */
  at: string | undefined
  /** The one of that name, if there is one. */
  provider: Provider | undefined
  onClose: () => void
}

export function ProviderSheet({ at, provider, onClose }: ProviderSheetProps) {
  const [changed, setChanged] = useState(false)
  const open = at === OWN || provider?.kind === 'oauth2'
  const close = () => {
    setChanged(false)
    onClose()
  }
  return (
    <Sheet open={open} onOpenChange={(opened) => opened || close()}>
      {open && (
        <SheetContent
          key={at}
          {...wordsOf(provider)}
          className="scroll-pb-24"
          // What was typed does not go by a click beside it.
          onInteractOutside={(event) => changed && event.preventDefault()}
          onInput={() => setChanged(true)}
        >
          <ProviderForm provider={provider} onDone={close} />
        </SheetContent>
      )}
    </Sheet>
  )
}

function wordsOf(provider: Provider | undefined): { title: string; description: string } {
  if (!provider)
    return {
      title: 'A provider of your own',
      description: 'Anything that speaks OAuth 2.0 or OpenID Connect.',
    }
  const { label, configured } = provider
  return {
    title: configured ? `Change ${label}` : `Set up ${label}`,
    description: configured
      ? 'What you change counts for the next consent, and for the next renewal of every token.'
      : `Register a client at ${label}, then tell us its id and secret.`,
  }
}
