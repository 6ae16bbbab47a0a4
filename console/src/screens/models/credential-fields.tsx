import { FormField } from '../../components/form-field.tsx'
import { Input, PasswordInput, Textarea } from '../../components/input.tsx'
import { Select, SelectContent, SelectItem, SelectTrigger, SelectValue } from '../../components/select.tsx'
import type { ModelProvider, ProviderKind } from '../../models.ts'
import { CREDENTIAL_LABELS, CREDENTIALS, type CredentialKind } from './draft.ts'

interface CredentialFieldsProps {
  kind: ProviderKind
  credential: CredentialKind
  provider: ModelProvider | undefined
  onChange: (credential: CredentialKind) => void
}

/** What opens it. It goes in and never comes out. */
export function CredentialFields({ kind, credential, provider, onChange }: CredentialFieldsProps) {
  const choices = CREDENTIALS[kind]
  const isKept = provider?.credentials.includes(credential) === true
  return (
    <div className="grid gap-4">
      {choices.length > 1 && (
        <FormField label="Credential">
          {(control) => (
            <Select value={credential} onValueChange={(chosen) => onChange(chosen as CredentialKind)}>
              <SelectTrigger {...control}>
                <SelectValue />
              </SelectTrigger>
              <SelectContent>
                {choices.map((each) => (
                  <SelectItem key={each} value={each}>
                    {CREDENTIAL_LABELS[each]}
                  </SelectItem>
                ))}
              </SelectContent>
            </Select>
          )}
        </FormField>
      )}
      <Fields key={credential} credential={credential} isKept={isKept} />
    </div>
  )
}

interface FieldsProps {
  credential: CredentialKind
  isKept: boolean
}

function Fields({ credential, isKept }: FieldsProps) {
  const hint = isKept
    ? 'One is kept, encrypted, and is not shown. Leave this empty to keep it.'
    : 'Kept encrypted, and never shown again.'
  if (credential === 'api_key')
    return (
      <FormField label={isKept ? 'New API key' : 'API key'} name="api_key" optional hint={hint}>
        <Secret what="key" maxLength={10_000} />
      </FormField>
    )
  if (credential === 'service_account')
    return (
      <FormField
        label={isKept ? 'New service account' : 'Service account'}
        name="service_account"
        optional={isKept}
        hint={`The JSON file of its key. ${hint}`}
      >
        <Textarea required={!isKept} rows={5} spellCheck={false} className="max-h-60 font-mono text-[0.8125rem]" />
      </FormField>
    )
  return credential === 'aws' ? <AwsFields isKept={isKept} hint={hint} /> : <OAuthFields isKept={isKept} hint={hint} />
}

interface PartsProps {
  isKept: boolean
  hint: string
}

function AwsFields({ isKept, hint }: PartsProps) {
  return (
    <>
      <FormField label="Region" name="aws.region" optional={isKept}>
        <Input required={!isKept} placeholder="eu-central-1" spellCheck={false} autoComplete="off" />
      </FormField>
      <FormField label="Access key id" name="aws.access_key_id" optional={isKept}>
        <Input required={!isKept} spellCheck={false} autoComplete="off" className="font-mono" />
      </FormField>
      <FormField label="Secret access key" name="aws.secret_access_key" optional={isKept} hint={hint}>
        <Secret what="key" required={!isKept} />
      </FormField>
    </>
  )
}

function OAuthFields({ isKept, hint }: PartsProps) {
  return (
    <>
      <FormField label="Token endpoint" name="oauth2.token_url" optional={isKept}>
        <Input type="url" required={!isKept} spellCheck={false} autoComplete="off" />
      </FormField>
      <FormField label="Client id" name="oauth2.client_id" optional={isKept}>
        <Input required={!isKept} spellCheck={false} autoComplete="off" className="font-mono" />
      </FormField>
      <FormField label="Client secret" name="oauth2.client_secret" optional={isKept} hint={hint}>
        <Secret what="secret" required={!isKept} />
      </FormField>
      <FormField label="Scope" name="oauth2.scope" optional>
        <Input spellCheck={false} autoComplete="off" placeholder="https://cognitiveservices.azure.com/.default" />
      </FormField>
    </>
  )
}

function Secret(props: { what: string; required?: boolean; maxLength?: number }) {
  return <PasswordInput autoComplete="off" spellCheck={false} className="font-mono" {...props} />
}
