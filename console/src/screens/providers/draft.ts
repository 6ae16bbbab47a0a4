import type { NewProvider, Provider, ProviderChanges } from '../../providers.ts'

export type AuthMethod = NonNullable<NewProvider['token_endpoint_auth_method']>
export type Refresh = NonNullable<NewProvider['refresh']>

/** What is chosen rather than typed, of a provider of the operator's own. */
export interface Choices {
  /** By its discovery document, or by addresses that are typed. */
  discovery: boolean
  authMethod: AuthMethod
  refresh: Refresh
  pkce: boolean
}

export function choicesOf(provider: Provider | undefined): Choices {
  return {
    discovery: provider ? provider.issuer != null && provider.authorization_url == null : true,
    authMethod: provider?.token_endpoint_auth_method ?? 'client_secret_basic',
    refresh: provider?.refresh ?? 'rotating',
    pkce: provider?.pkce ?? true,
  }
}

/** Typed addresses, by their name in the call. */
export const ADDRESSES = [
  'issuer',
  'authorization_url',
  'token_url',
  'revocation_url',
  'userinfo_url',
  'api_base_url',
] as const

const typed = (data: FormData, name: string) => String(data.get(name) ?? '').trim()

const wordsOf = (text: string) => text.split(/[\s,]+/).filter(Boolean)

/** What was typed, without what was left empty: the server keeps what is not named. */
export function changesOf(data: FormData, choices: Choices, provider: Provider | undefined): ProviderChanges {
  const named = ['client_id', 'client_secret', 'label', ...ADDRESSES].flatMap((name) => {
    const value = typed(data, name)
    return value === '' ? [] : [[name, value]]
  })
  const scopes = wordsOf(typed(data, 'scopes'))
  const isUsual = scopes.join(' ') === (provider?.scopes ?? []).join(' ')
  const { authMethod, refresh, pkce } = choices
  return {
    ...Object.fromEntries(named),
    ...(!isUsual && { scopes }),
    ...(!provider?.in_catalogue && { token_endpoint_auth_method: authMethod, refresh, pkce }),
  }
}

export function registrationOf(data: FormData, choices: Choices, provider: Provider | undefined): NewProvider {
  return { name: provider?.name ?? typed(data, 'name'), ...changesOf(data, choices, provider) }
}

/** The server can be told another address, and not that there is none any more. */
export function emptiedOf(data: FormData, provider: Provider | undefined): Record<string, string> {
  const emptied = ADDRESSES.filter((name) => data.has(name) && typed(data, name) === '' && provider?.[name])
  return Object.fromEntries(emptied.map((name) => [name, CANNOT_BE_EMPTIED]))
}

const CANNOT_BE_EMPTIED = 'It can be replaced, not taken away. To have none, remove the provider and add it anew.'
