import { FieldGroup } from '../../components/field-group.tsx'
import { FormField } from '../../components/form-field.tsx'
import { Textarea } from '../../components/input.tsx'
import { RadioChoice, RadioGroup } from '../../components/radio-group.tsx'
import type { Authentication } from './draft.ts'

interface AuthenticationChoiceProps {
  value: Authentication
  onChange: (value: Authentication) => void
  error: string | undefined
}

/** How the application proves itself when it exchanges a code. */
export function AuthenticationChoice({ value, onChange, error }: AuthenticationChoiceProps) {
  return (
    <FieldGroup legend="How does its server prove itself?" error={error}>
      <RadioGroup value={value} onValueChange={(chosen) => onChange(chosen as Authentication)}>
        <RadioChoice
          value="secret"
          label="A client secret"
          hint="For a website with a server. Sent in the Authorization header or in the body, as your library likes it."
        />
        <RadioChoice
          value="private_key_jwt"
          label="Its own key (private_key_jwt)"
          hint="The server signs a short-lived assertion. We hold the public key alone, so there is no secret to lose."
        />
        <RadioChoice
          value="none"
          label="Not at all (public client)"
          hint="For what cannot keep a secret: an app on a phone, a command line. PKCE protects the sign-in."
        />
      </RadioGroup>
    </FieldGroup>
  )
}

interface JwksFieldProps {
  value: string
  onChange: (value: string) => void
  /** What the server, or the parser, said: field -> sentence. */
  faults: Record<string, string>
}

/** The public keys that assertions are verified with. */
export function JwksField({ value, onChange, faults }: JwksFieldProps) {
  return (
    <FormField
      label="Public keys"
      hint="A JWKS, or one public JWK: EC P-256 or P-384, Ed25519, or RSA of 2048 bits and more. Never the private key."
      error={keyFault(faults)}
    >
      <Textarea
        value={value}
        onChange={(event) => onChange(event.target.value)}
        required
        placeholder='{ "keys": [{ "kty": "EC", "crv": "P-256", "x": "…", "y": "…" }] }'
        autoComplete="off"
        spellCheck={false}
        className="max-h-64 min-h-28 font-mono text-[0.8125rem]"
      />
    </FormField>
  )
}

/** The server names the key that is wrong, as in `jwks.keys.0`. */
function keyFault(faults: Record<string, string>): string | undefined {
  const [at, words] = Object.entries(faults).find(([field]) => field === 'jwks' || field.startsWith('jwks.')) ?? []
  const number = at && /^jwks\.keys\.(\d+)/.exec(at)?.[1]
  if (words === undefined) return undefined
  return number === undefined ? words : `Key ${Number(number) + 1} ${words}`
}
