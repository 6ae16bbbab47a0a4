import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { AppWindow, Bot, Cable, Keyboard, LogOut, Plus } from 'lucide-react'
import { answer, api } from '../api.ts'
import {
  Command,
  CommandEmpty,
  CommandGroup,
  CommandInput,
  CommandItem,
  CommandList,
  Key,
} from '../components/command.tsx'
import { Dialog, DialogContent } from '../components/dialog.tsx'
import { usePermissions } from '../me.ts'
import { chooseTheme } from '../theme.ts'
import { THEMES } from './account-menu.tsx'
import { usePlaces } from './places.ts'
import { useSignOut } from './sign-out.ts'

interface CommandPaletteProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  onShortcuts: () => void
}

export function CommandPalette({ open, onOpenChange, onShortcuts }: CommandPaletteProps) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange}>
      <DialogContent
        title={<span className="sr-only">Command palette</span>}
        closable={false}
        className="max-sm:inset-x-3 max-sm:top-3 max-sm:bottom-auto max-sm:rounded-2xl sm:top-[18%] sm:translate-y-0 [&>:first-child]:p-0"
      >
        <Command label="Command palette" loop>
          <CommandInput placeholder="Go to, search, do…" />
          <CommandList>
            <CommandEmpty>Nothing of that name</CommandEmpty>
            <Commands close={() => onOpenChange(false)} onShortcuts={onShortcuts} />
          </CommandList>
        </Command>
      </DialogContent>
    </Dialog>
  )
}

function Commands({ close, onShortcuts }: { close: () => void; onShortcuts: () => void }) {
  const navigate = useNavigate()
  const signOut = useSignOut()
  const places = usePlaces()
  const { canWrite } = usePermissions()
  const then = (act: () => unknown) => () => {
    close()
    act()
  }

  return (
    <>
      <CommandGroup heading="Go to">
        {places.map(({ to, label, icon: Icon, key }) => (
          <CommandItem key={to} value={`go to ${label}`} onSelect={then(() => navigate({ to }))}>
            <Icon aria-hidden />
            {label}
            <span className="ml-auto hidden gap-1 sm:flex">
              <Key>G</Key>
              <Key>{key.toUpperCase()}</Key>
            </span>
          </CommandItem>
        ))}
      </CommandGroup>
      {canWrite && (
        <CommandGroup heading="Create">
          <CommandItem onSelect={then(() => navigate({ to: '/agents', search: { create: 'true' } }))}>
            <Plus aria-hidden />
            Create agent
          </CommandItem>
          <CommandItem onSelect={then(() => navigate({ to: '/applications', search: { create: 'true' } }))}>
            <Plus aria-hidden />
            Register application
          </CommandItem>
          <CommandItem onSelect={then(() => navigate({ to: '/connections', search: { connect: 'true' } }))}>
            <Cable aria-hidden />
            Connect an account
          </CommandItem>
        </CommandGroup>
      )}
      <Agents open={(agentId) => then(() => navigate({ to: '/agents/$agentId', params: { agentId } }))()} />
      <Applications
        open={(clientId) => then(() => navigate({ to: '/applications/$clientId', params: { clientId } }))()}
      />
      <CommandGroup heading="Theme">
        {THEMES.map(({ theme, label, icon: Icon }) => (
          <CommandItem key={theme} value={`theme ${label}`} onSelect={then(() => chooseTheme(theme))}>
            <Icon aria-hidden />
            {label}
          </CommandItem>
        ))}
      </CommandGroup>
      <CommandGroup heading="Account">
        <CommandItem onSelect={then(onShortcuts)}>
          <Keyboard aria-hidden />
          Keyboard shortcuts
        </CommandItem>
        <CommandItem onSelect={then(() => signOut.run())}>
          <LogOut aria-hidden />
          Sign out
        </CommandItem>
      </CommandGroup>
    </>
  )
}

/** As many as one call gives; who has more agents finds the others on their screen. */
const SEARCHED = '200'

interface FoundProps {
  open: (id: string) => void
}

function Agents({ open }: FoundProps) {
  const { data } = useQuery({
    queryKey: ['agents', 'palette'],
    queryFn: () => answer(api.api.agents.$get({ query: { limit: SEARCHED } })),
  })
  if (!data?.data.length) return null
  return (
    <CommandGroup heading="Agents">
      {data.data.map(({ agent_id, agent_name }) => (
        <CommandItem key={agent_id} value={`${agent_name} ${agent_id}`} onSelect={() => open(agent_id)}>
          <Bot aria-hidden />
          <span className="truncate">{agent_name ?? agent_id}</span>
        </CommandItem>
      ))}
    </CommandGroup>
  )
}

function Applications({ open }: FoundProps) {
  const { data } = useQuery({
    queryKey: ['applications', 'palette'],
    queryFn: () => answer(api.api.clients.$get({ query: { limit: SEARCHED } })),
  })
  if (!data?.data.length) return null
  return (
    <CommandGroup heading="Applications">
      {data.data.map(({ client_id, client_name }) => (
        <CommandItem key={client_id} value={`${client_name} ${client_id}`} onSelect={() => open(client_id)}>
          <AppWindow aria-hidden />
          <span className="truncate">{client_name}</span>
        </CommandItem>
      ))}
    </CommandGroup>
  )
}
