import { useState } from 'react'
import type { ApiFailure } from '../../api.ts'
import { Button } from '../../components/button.tsx'
import { Checkbox } from '../../components/checkbox.tsx'
import { Dialog, DialogBody, DialogContent, DialogFooter } from '../../components/dialog.tsx'
import { ChoiceField, Form, FormField } from '../../components/form-field.tsx'
import { Input } from '../../components/input.tsx'
import { type Connection, createGrant, type NewGrant as Draft, type Method } from '../../connections.ts'
import { useAct } from '../../use-act.ts'
import { AgentField } from './agent-field.tsx'
import { MethodChoice } from './method-choice.tsx'

interface NewGrantProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  connection: Connection
  /** Shuts everybody else out. */
  isFirst: boolean
}

export function NewGrant({ open, onOpenChange, connection, isFirst }: NewGrantProps) {
  const create = useAct({
    act: (draft: Draft) => createGrant(draft),
    changes: ['connection-grants'],
    done: 'The agent may use it now',
    inForm: true,
    onDone: () => onOpenChange(false),
  })
  const change = (opened: boolean) => {
    if (!create.pending) create.reset()
    onOpenChange(opened)
  }
  return (
    <Dialog open={open} onOpenChange={change}>
      <DialogContent
        title="Let an agent use it"
        description={
          isFirst
            ? 'From then on, only agents that are named here, and whoever made the connection, can use it.'
            : undefined
        }
      >
        <GrantForm connection={connection} failure={create.failure} pending={create.pending} onCreate={create.run} />
      </DialogContent>
    </Dialog>
  )
}

interface GrantFormProps {
  connection: Connection
  failure: ApiFailure | undefined
  pending: boolean
  onCreate: (draft: Draft) => void
}

function GrantForm({ connection, failure, pending, onCreate }: GrantFormProps) {
  const [agentId, setAgentId] = useState('')
  const [methods, setMethods] = useState<readonly Method[] | undefined>(['GET', 'HEAD', 'OPTIONS'])
  const [rawToken, setRawToken] = useState(false)
  const { connection_id, provider_label } = connection
  const isReady = agentId !== '' && methods?.length !== 0

  const submit = (data: FormData) => {
    const path = String(data.get('path_prefix')).trim()
    onCreate({
      connection_id,
      agent_id: agentId,
      ...(methods && { methods: [...methods] }),
      ...(path !== '' && { path_prefix: path.startsWith('/') ? path : `/${path}` }),
      raw_token: rawToken,
    })
  }

  return (
    <Form failure={failure} onSubmit={submit} className="flex min-h-0 flex-col gap-0">
      <DialogBody className="gap-5">
        <AgentField agentId={agentId} onChange={setAgentId} />
        <MethodChoice methods={methods} onChange={setMethods} provider={provider_label} />
        <FormField
          label="Only paths below"
          name="path_prefix"
          optional
          hint="/repos covers itself and what is below it, not /repositories. Empty: every path."
        >
          <Input
            maxLength={500}
            placeholder="/repos"
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            className="font-mono"
          />
        </FormField>
        <ChoiceField
          label="It may read the token itself"
          hint={
            rawToken
              ? `With it the agent can call ${provider_label} by itself: methods and paths no longer bind it, and what it read works until it ends.`
              : 'Rarely needed: without, the agent calls through us and never has the token.'
          }
        >
          <Checkbox checked={rawToken} onCheckedChange={(checked) => setRawToken(checked === true)} />
        </ChoiceField>
      </DialogBody>
      <DialogFooter>
        <Button type="submit" pending={pending} disabled={!isReady}>
          Let it use this
        </Button>
      </DialogFooter>
    </Form>
  )
}
