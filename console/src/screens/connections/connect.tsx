import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Dialog, DialogBody, DialogContent } from '../../components/dialog.tsx'
import { Loaded } from '../../components/loaded.tsx'
import { SkeletonRows } from '../../components/skeleton.tsx'
import { type OfferedProvider, providersQuery } from '../../providers.ts'
import { ConnectByConsent } from './connect-by-consent.tsx'
import { ConnectByKey } from './connect-by-key.tsx'
import { ProviderPicker } from './provider-picker.tsx'

interface ConnectProps {
  /** Undefined keeps it closed; else the provider's name, or anything else to be asked for it. */
  at: string | undefined
  onChange: (at: string | undefined) => void
}

/** Chooses a provider, then asks what it needs to know before one can go there. */
export function Connect({ at, onChange }: ConnectProps) {
  // What was typed for one attempt is not there in the next: a key least of all.
  const [attempt, setAttempt] = useState(0)
  const close = () => {
    setAttempt(attempt + 1)
    onChange(undefined)
  }
  return (
    <Dialog open={at !== undefined} onOpenChange={(open) => open || close()}>
      {at !== undefined && <Steps key={attempt} at={at} onChange={onChange} onDone={close} />}
    </Dialog>
  )
}

interface StepsProps {
  at: string
  onChange: (at: string) => void
  onDone: () => void
}

function Steps({ at, onChange, onDone }: StepsProps) {
  const providers = useQuery(providersQuery)
  const provider = providers.data?.find(({ name, configured }) => configured && name === at)
  if (provider) return <Chosen provider={provider} onBack={() => onChange('true')} onDone={onDone} />
  return (
    <DialogContent title="Connect an account" description="Where is it?" className="sm:max-w-lg">
      <Loaded
        query={providers}
        skeleton={
          <DialogBody>
            <SkeletonRows rows={4} />
          </DialogBody>
        }
      >
        {(offered) => <ProviderPicker providers={offered} onPick={onChange} />}
      </Loaded>
    </DialogContent>
  )
}

interface ChosenProps {
  provider: OfferedProvider
  onBack: () => void
  onDone: () => void
}

function Chosen({ provider, onBack, onDone }: ChosenProps) {
  const { label, kind } = provider
  return (
    <DialogContent
      title={`Connect ${label}`}
      description={
        kind === 'api_key'
          ? `With a key that you make at ${label}.`
          : `You go to ${label}, sign in, say yes, and come back here.`
      }
    >
      {kind === 'api_key' ? (
        <ConnectByKey provider={provider} onBack={onBack} onDone={onDone} />
      ) : (
        <ConnectByConsent provider={provider} onBack={onBack} />
      )}
    </DialogContent>
  )
}
