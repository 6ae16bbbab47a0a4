import { Link } from '@tanstack/react-router'
import { ChevronRight } from 'lucide-react'
import { Badge } from '../../components/badge.tsx'
import {
  Command,
  CommandEmpty,
  CommandGroup,
  CommandInput,
  CommandItem,
  CommandList,
} from '../../components/command.tsx'
import { Initials } from '../../components/initials.tsx'
import { useMe } from '../../me.ts'
import type { OfferedProvider } from '../../providers.ts'

interface ProviderPickerProps {
  providers: readonly OfferedProvider[]
  onPick: (name: string) => void
}

/** Only what can be connected now: a provider that is not set up would lead nowhere. */
export function ProviderPicker({ providers, onPick }: ProviderPickerProps) {
  const { operator } = useMe()
  const ready = providers.filter(({ configured }) => configured)
  const consent = ready.filter(({ kind }) => kind === 'oauth2')
  const keys = ready.filter(({ kind }) => kind === 'api_key')
  return (
    <Command label="Providers" loop className="border-t">
      <CommandInput placeholder="Search providers" autoFocus />
      <CommandList className="max-h-[min(24rem,55dvh)]">
        <CommandEmpty>
          No provider of that name is set up here.{' '}
          {operator ? 'You can set it up in Providers.' : 'Ask whoever runs this server for it.'}
        </CommandEmpty>
        <Group heading="You say yes there" providers={consent} onPick={onPick} />
        <Group heading="You bring a key" providers={keys} onPick={onPick} />
      </CommandList>
      <p className="border-t bg-muted/60 px-5 py-3 text-[0.8125rem] text-muted-foreground">
        {ready.length} of {providers.length} are set up here.{' '}
        {operator ? (
          <Link to="/providers" className="link">
            Set up others
          </Link>
        ) : (
          'Whoever runs this server can set up others.'
        )}
      </p>
    </Command>
  )
}

interface GroupProps extends ProviderPickerProps {
  heading: string
}

function Group({ heading, providers, onPick }: GroupProps) {
  if (providers.length === 0) return null
  return (
    <CommandGroup heading={heading}>
      {providers.map(({ name, label, kind }) => (
        <CommandItem key={name} value={`${label} ${name}`} onSelect={() => onPick(name)} className="min-h-11">
          <Initials name={label} className="rounded-lg" />
          <span className="min-w-0 flex-1 truncate font-medium">{label}</span>
          {kind === 'api_key' && <Badge tone="outline">API key</Badge>}
          <ChevronRight aria-hidden />
        </CommandItem>
      ))}
    </CommandGroup>
  )
}
