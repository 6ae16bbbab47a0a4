import type { ModelEntry, ModelProvider, NewModelProvider, ProviderKind } from '../../models.ts'

/** How a provider is let in to: what of it is asked for. */
export type CredentialKind = 'api_key' | 'oauth2' | 'service_account' | 'aws'

/** What goes with each kind; the first is the usual one. */
export const CREDENTIALS: Record<ProviderKind, readonly CredentialKind[]> = {
  openai: ['api_key', 'oauth2'],
  'openai-compatible': ['api_key', 'oauth2'],
  anthropic: ['api_key', 'oauth2'],
  'azure-openai': ['api_key', 'oauth2'],
  bedrock: ['aws', 'api_key'],
  vertex: ['service_account', 'oauth2'],
  'claude-cli': ['api_key'],
  ccrouter: ['api_key'],
  droid: ['api_key'],
}

export const CREDENTIAL_LABELS: Record<CredentialKind, string> = {
  api_key: 'API key',
  oauth2: 'OAuth 2.0 client',
  service_account: 'Service account',
  aws: 'AWS access key',
}

/** Where it is, when nobody says otherwise. */
export const USUAL_ADDRESS: Partial<Record<ProviderKind, string>> = {
  openai: 'https://api.openai.com/v1',
  'openai-compatible': 'https://models.example/v1',
  anthropic: 'https://api.anthropic.com',
  'azure-openai': 'https://name.openai.azure.com',
  ccrouter: 'http://127.0.0.1:3456',
}

export const NEEDS_ADDRESS: readonly ProviderKind[] = ['openai-compatible', 'azure-openai']
export const PROGRAMS: readonly ProviderKind[] = ['claude-cli', 'ccrouter', 'droid']

/** Those in the shape of OpenAI's API, which has responses beside chats: not every server of that shape has them. */
export const MAY_HAVE_RESPONSES: readonly ProviderKind[] = [
  'openai',
  'openai-compatible',
  'azure-openai',
  'bedrock',
  'vertex',
]

/** Whether it has responses of its own; null: nobody said. */
export type ResponsesChoice = NonNullable<NewModelProvider['responses']> | null

/** What a model is for, as it is chosen; without a word of the operator, its name says it. */
export type Purpose = 'guessed' | 'chat' | 'embeddings' | 'both'

const OPERATIONS: Record<Purpose, ModelEntry['operations']> = {
  guessed: undefined,
  chat: ['chat'],
  embeddings: ['embeddings'],
  both: ['chat', 'embeddings'],
}

function purposeOf(operations: ModelEntry['operations']): Purpose {
  if (!operations) return 'guessed'
  if (!operations.includes('embeddings')) return 'chat'
  return operations.includes('chat') ? 'both' : 'embeddings'
}

/** A row of the form: what is typed, as it is typed. */
export interface ModelDraft {
  /** Tells rows apart, whatever is typed into them. */
  row: number
  id: string
  upstream: string
  purpose: Purpose
  input: string
  output: string
  /** What the server knows of it besides, which stays. */
  before: ModelEntry | undefined
}

export const emptyModel = (row: number): ModelDraft => ({
  row,
  id: '',
  upstream: '',
  purpose: 'guessed',
  input: '',
  output: '',
  before: undefined,
})

export function draftsOf(provider: ModelProvider | undefined): ModelDraft[] {
  if (!provider) return [emptyModel(0)]
  return provider.models.map((entry, row) => ({
    row,
    id: entry.id,
    upstream: entry.upstream_model ?? '',
    purpose: purposeOf(entry.operations),
    input: entry.price ? String(entry.price.input_per_mtok) : '',
    output: entry.price ? String(entry.price.output_per_mtok) : '',
    before: entry,
  }))
}

/** Rows without a name are none. A price that is half said is said wholly: what it lacks is nothing. */
function entriesOf(drafts: readonly ModelDraft[], known: ModelProvider | undefined): ModelEntry[] {
  return drafts.flatMap(({ id, upstream, purpose, input, output, before }): ModelEntry[] => {
    const name = id.trim()
    if (name === '') return []
    const now = known?.models.find((entry) => entry.id === before?.id) ?? before
    const isPriced = input.trim() !== '' || output.trim() !== ''
    return [
      {
        ...now,
        id: name,
        upstream_model: upstream.trim() || undefined,
        operations: purpose === purposeOf(before?.operations) ? now?.operations : OPERATIONS[purpose],
        price: isPriced ? { ...now?.price, input_per_mtok: Number(input), output_per_mtok: Number(output) } : undefined,
      },
    ]
  })
}

const typed = (data: FormData, name: string) => String(data.get(name) ?? '').trim()

const PLAIN = ['base_url', 'api_version', 'project', 'location'] as const

/** What was chosen rather than typed. */
interface Chosen {
  kind: ProviderKind
  credential: CredentialKind
  responses: ResponsesChoice
  drafts: readonly ModelDraft[]
}

/** The whole provider, as the form says it and, where it does not ask, as it is. */
export function providerOf(
  data: FormData,
  { kind, credential, responses, drafts }: Chosen,
  before: ModelProvider | undefined,
): NewModelProvider {
  const { credentials: _, ...known } = before ?? { credentials: [], enabled: true }
  const said = Object.fromEntries(
    PLAIN.filter((name) => data.has(name)).map((name) => [name, typed(data, name) || undefined]),
  )
  const seconds = typed(data, 'timeout_ms')
  return {
    ...known,
    id: before?.id ?? typed(data, 'id'),
    kind,
    ...said,
    ...(data.has('command') && { command: commandOf(typed(data, 'command'), before) }),
    ...(MAY_HAVE_RESPONSES.includes(kind) && { responses: responses ?? undefined }),
    models: entriesOf(drafts, before),
    fallback: fallbackOf(typed(data, 'fallback'), before),
    timeout_ms: seconds === '' ? undefined : Math.round(Number(seconds) * 1000),
    ...secretOf(data, credential),
  }
}

export const fallbackText = (fallback: NewModelProvider['fallback']) => fallback?.join(', ') ?? ''

/** Names may hold what else stands between them: those that nobody changed stay as they are. */
function fallbackOf(text: string, before: ModelProvider | undefined): NewModelProvider['fallback'] {
  if (text === fallbackText(before?.fallback)) return before?.fallback
  const names = text.split(/[\s,]+/).filter(Boolean)
  return names.length > 0 ? names : undefined
}

/** A list of arguments is shown as JSON, and taken as such. */
export const commandText = (command: NewModelProvider['command']) =>
  Array.isArray(command) ? JSON.stringify(command) : (command ?? '')

function commandOf(text: string, before: ModelProvider | undefined): NewModelProvider['command'] {
  if (text === '') return undefined
  if (text === commandText(before?.command)) return before?.command
  try {
    const parsed: unknown = JSON.parse(text)
    if (Array.isArray(parsed)) return parsed.map(String)
  } catch {
    // A path, then.
  }
  return text
}

/** What was typed of a credential; nothing, so that the one that is kept stays. */
function secretOf(data: FormData, credential: CredentialKind): Partial<NewModelProvider> {
  if (credential === 'api_key') {
    const key = typed(data, 'api_key')
    return key === '' ? {} : { api_key: key }
  }
  if (credential === 'service_account') {
    const text = typed(data, 'service_account')
    return text === '' ? {} : { service_account: parsed(text) as never }
  }
  const names =
    credential === 'aws'
      ? ['region', 'access_key_id', 'secret_access_key']
      : ['token_url', 'client_id', 'client_secret', 'scope']
  const parts = names.flatMap((name) => {
    const value = typed(data, `${credential}.${name}`)
    return value === '' ? [] : [[name, value]]
  })
  return parts.length === 0 ? {} : ({ [credential]: Object.fromEntries(parts) } as Partial<NewModelProvider>)
}

/** What is no JSON goes as it is: the server says what is wrong with it. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
