import { useState } from 'react'
import type { ApiFailure } from '../../api.ts'
import { Button } from '../../components/button.tsx'
import { CopyText } from '../../components/copy-button.tsx'
import { ChoiceField, Form, FormField } from '../../components/form-field.tsx'
import { Input, PasswordInput, Textarea } from '../../components/input.tsx'
import { Select, SelectContent, SelectItem, SelectTrigger, SelectValue } from '../../components/select.tsx'
import { SheetActions } from '../../components/sheet.tsx'
import { Switch } from '../../components/switch.tsx'
import {
  AUTH_LABELS,
  type AuthWay,
  addMcpServer,
  changeMcpServer,
  type McpServer,
  TRANSPORT_LABELS,
  type Transport,
} from '../../mcp-servers.ts'
import { useMe } from '../../me.ts'
import { useAct } from '../../use-act.ts'
import { argsText, type SecretDraft, secretDrafts, serverOf } from './draft.ts'
import { SecretFields } from './secret-fields.tsx'

interface McpServerFormProps {
  /** Undefined: one that is not there yet. */
  server: McpServer | undefined
  onDone: () => void
}

export function McpServerForm({ server, onDone }: McpServerFormProps) {
  const { operator } = useMe()
  const [transport, setTransport] = useState<Transport>(server?.transport ?? 'streamable-http')
  const [auth, setAuth] = useState<AuthWay>(server?.auth ?? 'none')
  const [headers, setHeaders] = useState(() => secretDrafts(server?.header_names))
  const [env, setEnv] = useState(() => secretDrafts(server?.env_names))
  const [enabled, setEnabled] = useState(server?.enabled ?? true)
  const save = useAct({
    act: (data: FormData) => {
      const said = serverOf(data, { transport, auth, headers, env, enabled })
      return server ? changeMcpServer(server.id, said) : addMcpServer(said)
    },
    changes: ['mcp-servers', 'connections'],
    done: ({ name }) => (server ? `${name} is changed` : `${name} is added`),
    inForm: true,
    onDone,
  })
  // Programs run on the machine of this server: they are for whoever runs it.
  const transports = (Object.keys(TRANSPORT_LABELS) as Transport[]).filter((each) => each !== 'stdio' || operator)
  const chooseAuth = (chosen: AuthWay) => {
    setAuth(chosen)
    if (chosen === 'headers' && headers.length === 0) setHeaders([{ row: 0, name: '', value: '', isKept: false }])
  }

  return (
    <Form failure={save.failure} onSubmit={save.run} className="flex flex-1 flex-col gap-0">
      <div className="grid gap-6 px-5 pb-8 sm:px-6">
        <FormField label="Name" name="name" hint="What your people and agents know it by.">
          <Input
            required
            maxLength={100}
            defaultValue={server?.name ?? ''}
            autoComplete="off"
            placeholder="Documents"
          />
        </FormField>
        <Choice
          label="Transport"
          name="transport"
          value={transport}
          onChange={setTransport}
          labels={TRANSPORT_LABELS}
          among={transports}
        />
        {transport === 'stdio' ? (
          <ProgramFields server={server} env={env} failure={save.failure} onChange={setEnv} />
        ) : (
          <>
            <FormField label="Address" name="url" hint="The MCP endpoint, with https.">
              <Input
                type="url"
                required
                maxLength={2048}
                defaultValue={server?.url ?? ''}
                placeholder="https://mcp.example.com/mcp"
                spellCheck={false}
              />
            </FormField>
            <Choice label="Authorization" name="auth" value={auth} onChange={chooseAuth} labels={AUTH_LABELS} />
            {auth === 'oauth' && <OAuthFields server={server} />}
            {auth !== 'none' && (
              <SecretFields
                legend={auth === 'oauth' ? 'Headers besides' : 'Headers'}
                hint="Sent with every call to this server. Kept encrypted, and never shown again."
                field="headers"
                what="header"
                drafts={headers}
                failure={save.failure}
                onChange={setHeaders}
              />
            )}
          </>
        )}
        <FormField label="Wait for a test" name="timeout_ms" optional hint="Seconds; 15 if you leave it empty.">
          <Input
            type="number"
            min={0.5}
            max={60}
            step="any"
            defaultValue={server?.timeout_ms === undefined ? '' : server.timeout_ms / 1000}
            className="sm:w-32"
          />
        </FormField>
        <ChoiceField label="In use" hint="Switched off, it stays in the list, and nobody reaches it through here.">
          <Switch checked={enabled} onCheckedChange={setEnabled} />
        </ChoiceField>
      </div>
      <SheetActions>
        <Button variant="outline" onClick={onDone}>
          Cancel
        </Button>
        <Button type="submit" pending={save.pending}>
          {server ? 'Save' : 'Add server'}
        </Button>
      </SheetActions>
    </Form>
  )
}

interface ChoiceProps<T extends string> {
  label: string
  name: string
  value: T
  onChange: (value: T) => void
  labels: Record<T, string>
  among?: readonly T[]
}

function Choice<T extends string>({ label, name, value, onChange, labels, among }: ChoiceProps<T>) {
  return (
    <FormField label={label} name={name}>
      {({ name: _, ...control }) => (
        <Select value={value} onValueChange={(chosen) => onChange(chosen as T)}>
          <SelectTrigger {...control}>
            <SelectValue />
          </SelectTrigger>
          <SelectContent>
            {(among ?? (Object.keys(labels) as T[])).map((each) => (
              <SelectItem key={each} value={each}>
                {labels[each]}
              </SelectItem>
            ))}
          </SelectContent>
        </Select>
      )}
    </FormField>
  )
}

/** All of it can be left empty: most servers say who lets callers in, and register us there. */
function OAuthFields({ server }: { server: McpServer | undefined }) {
  const { oauth, redirect_uri } = server ?? {}
  const isKept = oauth?.has_client_secret === true
  return (
    <fieldset className="grid gap-4 rounded-lg border p-4">
      <legend className="px-1 font-medium">OAuth client</legend>
      <p className="-mt-1 text-[0.8125rem] text-muted-foreground">
        Leave this empty if the server registers clients by itself; then save, and authorize it.
      </p>
      <FormField label="Client id" name="oauth.client_id" optional>
        <Input
          maxLength={1000}
          defaultValue={oauth?.client_id ?? ''}
          spellCheck={false}
          autoComplete="off"
          className="font-mono"
        />
      </FormField>
      <FormField
        label={isKept ? 'New client secret' : 'Client secret'}
        name="oauth.client_secret"
        optional
        hint={
          isKept ? 'One is kept, encrypted. Leave this empty to keep it.' : 'Kept encrypted, and never shown again.'
        }
      >
        <PasswordInput what="secret" maxLength={10_000} autoComplete="off" spellCheck={false} className="font-mono" />
      </FormField>
      <FormField
        label="Scopes"
        name="oauth.scopes"
        optional
        hint="Separated by blanks; what the server asks for if empty."
      >
        <Input defaultValue={oauth?.scopes?.join(' ') ?? ''} spellCheck={false} autoCapitalize="none" />
      </FormField>
      <FormField
        label="Authorization server"
        name="oauth.authorization_server"
        optional
        hint="Its issuer, where the server does not name one."
      >
        <Input
          type="url"
          maxLength={2048}
          defaultValue={oauth?.authorization_server ?? ''}
          placeholder="https://auth.example.com"
          spellCheck={false}
        />
      </FormField>
      {redirect_uri !== undefined && (
        <div className="grid gap-1.5">
          <span className="font-medium">Redirect URI</span>
          <CopyText value={redirect_uri} what="redirect URI" />
          <p className="text-[0.8125rem] text-muted-foreground">To register a client by hand.</p>
        </div>
      )}
    </fieldset>
  )
}

interface ProgramFieldsProps {
  server: McpServer | undefined
  env: readonly SecretDraft[]
  failure: ApiFailure | undefined
  onChange: (drafts: SecretDraft[]) => void
}

function ProgramFields({ server, env, failure, onChange }: ProgramFieldsProps) {
  return (
    <>
      <FormField label="Program" name="command" hint="Its path on the server, as MCP_STDIO_COMMANDS lists it.">
        <Input
          required
          maxLength={1000}
          defaultValue={server?.command ?? ''}
          placeholder="/usr/local/bin/mcp-files"
          spellCheck={false}
          className="font-mono"
        />
      </FormField>
      <FormField label="Arguments" name="args" optional hint="One on each line. Everybody on the machine can see them.">
        <Textarea
          rows={3}
          defaultValue={argsText(server ?? {})}
          spellCheck={false}
          className="font-mono text-[0.8125rem]"
        />
      </FormField>
      <SecretFields
        legend="Environment"
        hint="What it gets beside a few variables of the system. Kept encrypted, and never shown again."
        field="env"
        what="variable"
        drafts={env}
        failure={failure}
        onChange={onChange}
      />
    </>
  )
}
