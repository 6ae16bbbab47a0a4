import { AppWindow, Plus } from 'lucide-react'
import { useState } from 'react'
import type { Application } from '../../applications.ts'
import { Button } from '../../components/button.tsx'
import {
  Command,
  CommandEmpty,
  CommandGroup,
  CommandInput,
  CommandItem,
  CommandList,
} from '../../components/command.tsx'
import { Popover, PopoverContent, PopoverTrigger } from '../../components/popover.tsx'

interface WebsitePickerProps {
  /** Of the organization, to choose from. */
  applications: readonly Application[]
  onPick: (clientId: string) => void
}

/** One of our own applications by its name, or a website of others by its client id. */
export function WebsitePicker({ applications, onPick }: WebsitePickerProps) {
  const [open, setOpen] = useState(false)
  const [text, setText] = useState('')
  const typed = text.trim()
  const pick = (clientId: string) => {
    onPick(clientId)
    setText('')
    setOpen(false)
  }

  return (
    // Modal, or else the sheet around it would swallow the wheel over the list.
    <Popover open={open} onOpenChange={setOpen} modal>
      <PopoverTrigger asChild>
        <Button variant="outline" size="sm" className="w-fit">
          <Plus aria-hidden />
          Add a website
        </Button>
      </PopoverTrigger>
      <PopoverContent align="start" aria-label="Add a website" className="p-0">
        <Command label="Websites">
          <CommandInput placeholder="Name, or client id" value={text} onValueChange={setText} maxLength={200} />
          <CommandList>
            <CommandEmpty>
              {applications.length === 0 && typed === ''
                ? 'You have no other applications. Type the client id of a website.'
                : 'Type the client id of a website.'}
            </CommandEmpty>
            {applications.length > 0 && (
              <CommandGroup heading="Your applications">
                {applications.map(({ client_id, client_name }) => (
                  <CommandItem key={client_id} value={`${client_name} ${client_id}`} onSelect={() => pick(client_id)}>
                    <AppWindow aria-hidden />
                    <span className="grid min-w-0">
                      <span className="truncate">{client_name}</span>
                      <code className="truncate font-mono text-xs text-muted-foreground">{client_id}</code>
                    </span>
                  </CommandItem>
                ))}
              </CommandGroup>
            )}
            {isClientId(typed) && (
              <CommandGroup heading="A website of others">
                <CommandItem value={typed} keywords={[text]} onSelect={() => pick(typed)}>
                  <Plus aria-hidden />
                  <span className="min-w-0 truncate">
                    Allow <code className="font-mono text-[0.8125rem]">{typed}</code>
                  </span>
                </CommandItem>
              </CommandGroup>
            )}
          </CommandList>
        </Command>
      </PopoverContent>
    </Popover>
  )
}

const isClientId = (text: string) => text !== '' && !/\s/.test(text)
