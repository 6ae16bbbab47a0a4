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

const isAddress = (name: string): name is (typeof ADDRESSES)[number] => ADDRESSES.some((address) => address === name)

const typed = (data: FormData, name: string) => String(data.get(name) ?? '').trim()

const wordsOf = (text: string) => text.split(/[\s,]+/).filter(Boolean)

/** What was typed; an address that was emptied is taken back, whatever else is empty stays as it is. */
export function changesOf(data: FormData, choices: Choices, provider: Provider | undefined): ProviderChanges {
  const named = ['client_id', 'client_secret', 'label', ...ADDRESSES].flatMap((name): [string, string | null][] => {
    const value = typed(data, name)
    if (value !== '') return [[name, value]]
    return isAddress(name) && data.has(name) && provider?.[name] ? [[name, null]] : []
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
  // Nothing was said yet that could be taken back.
  const said = Object.entries(changesOf(data, choices, provider)).filter(([, value]) => value !== null)
  return { name: provider?.name ?? typed(data, 'name'), ...Object.fromEntries(said) }
}
