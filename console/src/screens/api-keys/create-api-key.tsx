import { useState } from 'react'
import type { ApiFailure } from '../../api.ts'
import { Button } from '../../components/button.tsx'
import { Dialog, DialogBody, DialogContent, DialogFooter } from '../../components/dialog.tsx'
import { Form, FormField } from '../../components/form-field.tsx'
import { Input } from '../../components/input.tsx'
import { Select, SelectContent, SelectItem, SelectTrigger, SelectValue } from '../../components/select.tsx'
import { useAct } from '../../use-act.ts'
import { createApiKey, type KeyScope, type NewApiKey } from './api-key.ts'
import { NewKey } from './new-key.tsx'
import { ScopeChoice } from './scope-choice.tsx'

interface CreateApiKeyProps {
  open: boolean
  onOpenChange: (open: boolean) => void
}

/** Asks what the key is for, then shows it this once. */
export function CreateApiKey({ open, onOpenChange }: CreateApiKeyProps) {
  const create = useAct({
    act: createApiKey,
    changes: ['api-keys'],
    inForm: true,
    onDone: () => onOpenChange(false),
  })
  // What is under way still comes to its end, and its key is shown then; an old failure is no news.
  const change = (opened: boolean) => {
    if (!create.pending) create.reset()
    onOpenChange(opened)
  }
  return (
    <>
      <Dialog open={open} onOpenChange={change}>
        <DialogContent
          title="Create API key"
          description="A key for one program. It acts as you, in this organization."
        >
          <KeyForm failure={create.failure} pending={create.pending} onCreate={create.run} />
        </DialogContent>
      </Dialog>
      <NewKey made={create.data} onClose={create.reset} />
    </>
  )
}

const DAY_SECONDS = 86_400
const EXPIRIES = [
  { days: 30, label: '30 days' },
  { days: 90, label: '90 days' },
  { days: 365, label: '1 year' },
  { days: 0, label: 'Never' },
] as const

/** A key that manages could make an agent, and that calls all models. */
const mayBeLimited = (scopes: readonly KeyScope[]) => scopes.includes('agent-fuel') && !scopes.includes('manage')

interface KeyFormProps {
  failure: ApiFailure | undefined
  pending: boolean
  onCreate: (key: NewApiKey) => void
}

function KeyForm({ failure, pending, onCreate }: KeyFormProps) {
  // The server's own choice, where none is made.
  const [scopes, setScopes] = useState<readonly KeyScope[]>(['agent-fuel', 'connections'])
  const [days, setDays] = useState('90')
  const submit = (data: FormData) => {
    const expires = Number(days) * DAY_SECONDS
    const name = String(data.get('name')).trim()
    // The field is there only where it says something.
    const models = String(data.get('models') ?? '')
      .split(/[\s,]+/)
      .filter(Boolean)
    onCreate({
      name,
      scopes: [...scopes],
      ...(models.length > 0 && { models }),
      ...(expires > 0 && { expires_in: expires }),
    })
  }

  return (
    <Form failure={failure} onSubmit={submit} className="flex min-h-0 flex-col gap-0">
      <DialogBody className="gap-5">
        {failure?.code === 'connection_lost' && (
          <p className="text-[0.8125rem] text-muted-foreground">
            It may have been made all the same. If the list shows it, revoke it: nobody has seen its value.
          </p>
        )}
        <FormField label="Name" name="name" hint="Where it is used, so that you know it again.">
          <Input required autoFocus maxLength={100} autoComplete="off" placeholder="Nightly report" />
        </FormField>
        <ScopeChoice scopes={scopes} onChange={setScopes} />
        {mayBeLimited(scopes) && (
          <FormField
            label="Only these models"
            name="models"
            optional
            hint="As provider/model, or provider/* for all of a provider. Left empty: all that you may call."
          >
            <Input
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              placeholder="openai/gpt-5 anthropic/*"
              className="font-mono text-[0.8125rem]"
            />
          </FormField>
        )}
        <FormField
          label="Expires"
          name="expires_in"
          hint={days === '0' ? 'A key that never expires has to be remembered, and revoked by hand.' : undefined}
        >
          {(control) => (
            <Select value={days} onValueChange={setDays}>
              <SelectTrigger {...control}>
                <SelectValue />
              </SelectTrigger>
              <SelectContent>
                {EXPIRIES.map(({ days: count, label }) => (
                  <SelectItem key={count} value={String(count)}>
                    {label}
                  </SelectItem>
                ))}
              </SelectContent>
            </Select>
          )}
        </FormField>
      </DialogBody>
      <DialogFooter>
        <Button type="submit" pending={pending} disabled={scopes.length === 0}>
          Create key
        </Button>
      </DialogFooter>
    </Form>
  )
}
