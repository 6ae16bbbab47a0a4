import { useState } from 'react'
import { Button } from '../../components/button.tsx'
import { Form, FormField } from '../../components/form-field.tsx'
import { Input } from '../../components/input.tsx'
import { Select, SelectContent, SelectItem, SelectTrigger, SelectValue } from '../../components/select.tsx'
import { SheetActions } from '../../components/sheet.tsx'
import {
  addModelProvider,
  changeModelProvider,
  KIND_LABELS,
  type ModelProvider,
  type ProviderKind,
  readModelProvider,
} from '../../models.ts'
import { useAct } from '../../use-act.ts'
import { CredentialFields } from './credential-fields.tsx'
import {
  CREDENTIALS,
  type CredentialKind,
  commandText,
  draftsOf,
  fallbackText,
  MAY_HAVE_RESPONSES,
  NEEDS_ADDRESS,
  PROGRAMS,
  providerOf,
  type ResponsesChoice,
  USUAL_ADDRESS,
} from './draft.ts'
import { ModelFields } from './model-fields.tsx'

interface ModelProviderFormProps {
  /** Undefined: one that is not there yet. */
  provider: ModelProvider | undefined
  onDone: () => void
}

export function ModelProviderForm({ provider, onDone }: ModelProviderFormProps) {
  const [kind, setKind] = useState<ProviderKind>(provider?.kind ?? 'openai')
  const [drafts, setDrafts] = useState(() => draftsOf(provider))
  const [credential, setCredential] = useState<CredentialKind>(() => firstOf(provider?.kind ?? 'openai', provider))
  const [responses, setResponses] = useState<ResponsesChoice>(provider?.responses ?? null)
  const save = useAct({
    act: async (data: FormData) => {
      const chosen = { kind, credential, responses, drafts }
      if (!provider) return addModelProvider(providerOf(data, chosen, undefined))
      // What the form does not ask may have been changed since it was opened.
      return changeModelProvider(providerOf(data, chosen, await readModelProvider(provider.id)))
    },
    changes: ['models'],
    done: ({ id }) => (provider ? `${id} is changed` : `${id} serves from the next call on`),
    inForm: true,
    onDone,
  })
  const chooseKind = (chosen: ProviderKind) => {
    setKind(chosen)
    setCredential(firstOf(chosen, provider))
  }

  return (
    <Form failure={save.failure} onSubmit={save.run} className="flex flex-1 flex-col gap-0">
      <div className="grid gap-6 px-5 pb-8 sm:px-6">
        {!provider && (
          <div className="grid items-start gap-4 sm:grid-cols-2">
            <FormField label="Name" name="id" hint="In front of its models: name/model.">
              <Input
                required
                maxLength={64}
                pattern="[a-z0-9][a-z0-9._\-]*"
                title="Lower-case letters, digits, dots, dashes and underscores"
                autoComplete="off"
                autoCapitalize="none"
                spellCheck={false}
                placeholder="openai"
              />
            </FormField>
            <KindField kind={kind} onChange={chooseKind} />
          </div>
        )}
        <PlaceFields kind={kind} provider={provider} />
        <CredentialFields kind={kind} credential={credential} provider={provider} onChange={setCredential} />
        <ModelFields drafts={drafts} failure={save.failure} onChange={setDrafts} />
        {MAY_HAVE_RESPONSES.includes(kind) && <ResponsesField responses={responses} onChange={setResponses} />}
        <ResilienceFields provider={provider} />
      </div>
      <SheetActions>
        <Button variant="outline" onClick={onDone}>
          Cancel
        </Button>
        <Button type="submit" pending={save.pending}>
          {provider ? 'Save' : 'Add provider'}
        </Button>
      </SheetActions>
    </Form>
  )
}

/** The one that is kept, or the usual one. */
function firstOf(kind: ProviderKind, provider: ModelProvider | undefined): CredentialKind {
  return CREDENTIALS[kind].find((each) => provider?.credentials.includes(each)) ?? CREDENTIALS[kind][0] ?? 'api_key'
}

function KindField({ kind, onChange }: { kind: ProviderKind; onChange: (kind: ProviderKind) => void }) {
  return (
    <FormField label="Kind" name="kind">
      {({ name: _, ...control }) => (
        <Select value={kind} onValueChange={(chosen) => onChange(chosen as ProviderKind)}>
          <SelectTrigger {...control}>
            <SelectValue />
          </SelectTrigger>
          <SelectContent>
            {Object.entries(KIND_LABELS).map(([each, label]) => (
              <SelectItem key={each} value={each}>
                {label}
              </SelectItem>
            ))}
          </SelectContent>
        </Select>
      )}
    </FormField>
  )
}

interface PlaceFieldsProps {
  kind: ProviderKind
  provider: ModelProvider | undefined
}

/** Where it is: an address, a project, or a program on the server. */
function PlaceFields({ kind, provider }: PlaceFieldsProps) {
  const isRequired = NEEDS_ADDRESS.includes(kind)
  return (
    <div className="grid gap-4">
      {kind !== 'droid' && (
        <FormField
          label="Address"
          name="base_url"
          optional={!isRequired}
          hint={isRequired ? undefined : 'Leave it empty for the usual one.'}
        >
          <Input
            type="url"
            required={isRequired}
            maxLength={2048}
            defaultValue={provider?.base_url ?? ''}
            placeholder={USUAL_ADDRESS[kind]}
            spellCheck={false}
          />
        </FormField>
      )}
      {kind === 'azure-openai' && (
        <FormField label="API version" name="api_version" optional>
          <Input maxLength={50} defaultValue={provider?.api_version ?? ''} placeholder="2024-10-21" />
        </FormField>
      )}
      {kind === 'vertex' && (
        <div className="grid gap-4 sm:grid-cols-2">
          <FormField label="Project" name="project">
            <Input maxLength={200} defaultValue={provider?.project ?? ''} spellCheck={false} />
          </FormField>
          <FormField label="Location" name="location">
            <Input
              maxLength={40}
              defaultValue={provider?.location ?? ''}
              placeholder="europe-west4"
              spellCheck={false}
            />
          </FormField>
        </div>
      )}
      {PROGRAMS.includes(kind) && (
        <FormField
          label="Command"
          name="command"
          optional
          hint="The path of the program on the server, or a JSON list of the path and what it is always given."
        >
          <Input
            maxLength={1000}
            defaultValue={commandText(provider?.command)}
            spellCheck={false}
            className="font-mono"
          />
        </FormField>
      )}
    </div>
  )
}

interface ResponsesFieldProps {
  responses: ResponsesChoice
  onChange: (responses: ResponsesChoice) => void
}

/** A choice of a list is never empty. */
const UNSAID = 'unsaid'

/** Many servers in OpenAI's shape have chats alone: only who runs this one knows. */
function ResponsesField({ responses, onChange }: ResponsesFieldProps) {
  return (
    <FormField
      label="Has the Responses API"
      name="responses"
      hint="Whoever calls /v1/responses is answered either way. What only the API itself can do, such as keeping a conversation, is refused where it has none."
    >
      {({ name: _, ...control }) => (
        <Select
          value={responses ?? UNSAID}
          onValueChange={(chosen) => onChange(chosen === UNSAID ? null : (chosen as ResponsesChoice))}
        >
          <SelectTrigger {...control}>
            <SelectValue />
          </SelectTrigger>
          <SelectContent>
            <SelectItem value={UNSAID} description="No for Amazon Bedrock and Google Vertex AI, yes for the others">
              As its kind does
            </SelectItem>
            <SelectItem value="pass" description="Calls go to it as they come">
              Yes
            </SelectItem>
            <SelectItem value="translate" description="It is asked by chats, and its answers are translated back">
              No
            </SelectItem>
          </SelectContent>
        </Select>
      )}
    </FormField>
  )
}

/** What happens when it does not answer. */
function ResilienceFields({ provider }: { provider: ModelProvider | undefined }) {
  return (
    <div className="grid gap-4">
      <FormField
        label="When it does not answer, try"
        name="fallback"
        optional
        hint="Models of other providers, as provider/model, in their order."
      >
        <Input
          defaultValue={fallbackText(provider?.fallback)}
          placeholder="anthropic/claude-sonnet-4-5"
          spellCheck={false}
          autoCapitalize="none"
        />
      </FormField>
      <FormField label="Wait for the first byte" name="timeout_ms" optional hint="Seconds; 60 if you leave it empty.">
        <Input
          type="number"
          min={0.1}
          max={3600}
          step="any"
          defaultValue={provider?.timeout_ms === undefined ? '' : provider.timeout_ms / 1000}
          className="sm:w-32"
        />
      </FormField>
    </div>
  )
}
