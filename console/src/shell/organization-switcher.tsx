import { ChevronsUpDown, Plus } from 'lucide-react'
import { useState } from 'react'
import { answer, api } from '../api.ts'
import { Button } from '../components/button.tsx'
import { Dialog, DialogBody, DialogContent, DialogFooter } from '../components/dialog.tsx'
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuLabel,
  DropdownMenuRadioGroup,
  DropdownMenuRadioItem,
  DropdownMenuSeparator,
  DropdownMenuTrigger,
} from '../components/dropdown-menu.tsx'
import { Form, FormField } from '../components/form-field.tsx'
import { Initials } from '../components/initials.tsx'
import { Input } from '../components/input.tsx'
import { switchOrganization, useMe } from '../me.ts'
import { useAct } from '../use-act.ts'
import { useEnterOrganization } from './enter-organization.ts'

export function OrganizationSwitcher() {
  const { organization, organizations, role } = useMe()
  const [creating, setCreating] = useState(false)
  const enter = useEnterOrganization()
  const change = useAct({ act: switchOrganization, onDone: enter })

  return (
    <>
      <DropdownMenu>
        <DropdownMenuTrigger className="flex w-full items-center gap-2.5 rounded-lg p-2 text-left transition-colors hover:bg-hover data-[state=open]:bg-hover">
          <Initials name={organization.name} className="rounded-lg" />
          <span className="grid min-w-0 flex-1">
            <span className="truncate leading-tight font-medium">{organization.name}</span>
            <span className="text-xs text-muted-foreground capitalize">{role}</span>
          </span>
          <ChevronsUpDown className="size-4 shrink-0 text-muted-foreground" aria-hidden />
          <span className="sr-only">Switch organization</span>
        </DropdownMenuTrigger>
        <DropdownMenuContent align="start" className="w-60">
          <DropdownMenuLabel>Organizations</DropdownMenuLabel>
          <DropdownMenuRadioGroup value={organization.id} onValueChange={change.run}>
            {organizations.map(({ id, name }) => (
              <DropdownMenuRadioItem key={id} value={id}>
                <Initials name={name} className="size-5 rounded text-[0.625rem]" />
                <span className="truncate">{name}</span>
              </DropdownMenuRadioItem>
            ))}
          </DropdownMenuRadioGroup>
          <DropdownMenuSeparator />
          <DropdownMenuItem onSelect={() => setCreating(true)}>
            <Plus aria-hidden />
            New organization…
          </DropdownMenuItem>
        </DropdownMenuContent>
      </DropdownMenu>
      <NewOrganization open={creating} onOpenChange={setCreating} />
    </>
  )
}

interface NewOrganizationProps {
  open: boolean
  onOpenChange: (open: boolean) => void
}

export function NewOrganization({ open, onOpenChange }: NewOrganizationProps) {
  const enter = useEnterOrganization()
  const create = useAct({
    act: async (name: string) => {
      const { id } = await answer(api.api.organizations.$post({ json: { name } }))
      return switchOrganization(id)
    },
    inForm: true,
    onDone: (me) => {
      onOpenChange(false)
      enter(me)
    },
  })

  return (
    <Dialog open={open} onOpenChange={onOpenChange}>
      <DialogContent
        title="New organization"
        description="Agents, applications and their record are apart from those of your other organizations. You will be its administrator."
      >
        <Form
          failure={create.failure}
          onSubmit={(data) => create.run(String(data.get('name')))}
          className="flex min-h-0 flex-col gap-0"
        >
          <DialogBody>
            <FormField label="Name" name="name">
              <Input required maxLength={100} autoComplete="organization" />
            </FormField>
          </DialogBody>
          <DialogFooter>
            <Button type="submit" pending={create.pending}>
              Create organization
            </Button>
          </DialogFooter>
        </Form>
      </DialogContent>
    </Dialog>
  )
}
