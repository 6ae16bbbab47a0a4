import { FormField } from '../../components/form-field.tsx'
import { Input } from '../../components/input.tsx'
import { AssuranceChoice } from './assurance-choice.tsx'
import { AuthenticationChoice, JwksField } from './authentication-choice.tsx'
import { type Draft, FUEL_SCOPES } from './draft.ts'
import { RedirectUris } from './redirect-uris.tsx'
import { ScopeChoice } from './scope-choice.tsx'
import { SubjectChoice } from './subject-choice.tsx'
import { TokenFormatChoice } from './token-format-choice.tsx'

interface ApplicationFieldsProps {
  draft: Draft
  onChange: (draft: Draft) => void
  /** Field -> what is wrong with it. */
  faults: Record<string, string>
  /** How an application authenticates is chosen once; secrets do not become keys. */
  registered?: boolean
}

/** Everything that the owner of an application decides, for a new one and for one that is there. */
export function ApplicationFields({ draft, onChange, faults, registered = false }: ApplicationFieldsProps) {
  const set = (changes: Partial<Draft>) => onChange({ ...draft, ...changes })
  const people = draft.signsIn !== 'agent'

  return (
    <>
      <FormField label="Name" name="client_name" hint="Agents and people see it when they sign in.">
        <Input
          value={draft.name}
          onChange={(event) => set({ name: event.target.value })}
          required
          maxLength={100}
          placeholder="My shop"
          autoComplete="off"
        />
      </FormField>
      <SubjectChoice value={draft.signsIn} onChange={(signsIn) => set({ signsIn })} error={faults.subjects} />
      <RedirectUris rows={draft.redirectUris} onChange={(redirectUris) => set({ redirectUris })} faults={faults} />
      {!registered && (
        <AuthenticationChoice
          value={draft.authentication}
          onChange={(authentication) => set({ authentication })}
          error={faults.token_endpoint_auth_method}
        />
      )}
      {draft.authentication === 'private_key_jwt' && (
        <JwksField value={draft.jwks} onChange={(jwks) => set({ jwks })} faults={faults} />
      )}
      {people && (
        <TokenFormatChoice
          value={draft.format}
          onChange={(format) => set({ format, ...(format === 'api_key' && { scopes: withFuel(draft.scopes) }) })}
          error={faults.access_token_format}
        />
      )}
      <ScopeChoice scopes={draft.scopes} onChange={(scopes) => set({ scopes })} people={people} error={faults.scope} />
      {draft.signsIn !== 'user' && (
        <AssuranceChoice level={draft.minLevel} onChange={(minLevel) => set({ minLevel })} />
      )}
    </>
  )
}

/** An app that holds keys of people wants to call models with them. */
const withFuel = (scopes: readonly string[]) => [...new Set([...scopes, ...FUEL_SCOPES])]
