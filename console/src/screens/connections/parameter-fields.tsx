import { FormField } from '../../components/form-field.tsx'
import { Input } from '../../components/input.tsx'
import type { Parameter } from '../../providers.ts'

interface ParameterFieldsProps {
  parameters: readonly Parameter[]
  /** Of `faultsOf`: before the server has seen them. */
  faults: Record<string, string>
}

/** What a provider must be told before it can be reached: a shop, a subdomain. */
export function ParameterFields({ parameters, faults }: ParameterFieldsProps) {
  return parameters.map((parameter, place) => {
    const { label, hint } = wordsOf(parameter)
    return (
      <FormField
        key={parameter.name}
        label={label}
        name={fieldOf(parameter)}
        hint={hint}
        error={faults[parameter.name]}
      >
        <Input
          required
          autoFocus={place === 0}
          maxLength={200}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
        />
      </FormField>
    )
  })
}

const fieldOf = ({ name }: Parameter) => `parameters.${name}`

/** The catalogue says "Shop (acme, of acme.myshopify.com)": a name, and what to take for it. */
function wordsOf({ label }: Parameter): { label: string; hint?: string } {
  const [, name, hint] = /^(.*?) \((.*)\)$/.exec(label) ?? []
  return name && hint ? { label: name, hint } : { label }
}

export function parametersOf(data: FormData, parameters: readonly Parameter[]): Record<string, string> {
  return Object.fromEntries(
    parameters.map((parameter) => [parameter.name, String(data.get(fieldOf(parameter)) ?? '').trim()]),
  )
}

/** What is no value of that parameter: said here, before anybody is sent anywhere. */
export function faultsOf(given: Record<string, string>, parameters: readonly Parameter[]): Record<string, string> {
  const wrong = parameters.filter(({ name, pattern }) => !new RegExp(`^(?:${pattern})$`).test(given[name] ?? ''))
  return Object.fromEntries(
    wrong.map((parameter) => {
      const { label, hint } = wordsOf(parameter)
      return [parameter.name, `That is no ${label.toLowerCase()}${hint ? `: type ${hint}` : ''}.`]
    }),
  )
}
