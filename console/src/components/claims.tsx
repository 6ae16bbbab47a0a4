import { ASSURANCE_LEVELS } from './assurance.tsx'
import { DataItem, DataList } from './data-list.tsx'
import { absoluteTime } from './relative-time.tsx'

/** What a claim says, to who reads a token for the first time; in the order in which one wants to know it. */
const MEANINGS: Record<string, string> = {
  id: 'Who signed in. Link accounts by this',
  sub: 'Who signed in. Link accounts by this, with the issuer',
  name: 'What to call them',
  email: 'Of the person',
  email_verified: 'Whether the person proved the address to us',
  picture: 'Of the person',
  credits: 'What they have to spend, in cents',
  granted_promo: 'Whether this sign-in gave them your credits for new users',
  'act_for.sub': 'The person that the agent acts for',
  'act_for.name': 'That person’s name',
  'act_for.email': 'That person’s address',
  model: 'What the agent says it runs on. Its own word',
  acr: 'How it was proved',
  amr: 'By what means',
  scope: 'What the token is good for',
  iss: 'This server. Compare it',
  aud: 'Whom the token is for',
  client_id: 'Your application',
  exp: 'It ends',
  iat: 'It was made',
  auth_time: 'They proved who they are',
  sid: 'The sign-in, the same in all of its tokens',
  jti: 'This token',
}

const TIMES: ReadonlySet<string> = new Set(['exp', 'iat', 'auth_time'])

/** The claims of a token, in plain words beside their names. */
export function Claims({ claims }: { claims: Record<string, unknown> }) {
  return (
    <DataList>
      {inOrder(flatten(claims)).map(([name, value]) => (
        <DataItem key={name} label={<code className="font-mono text-[0.8125rem]">{name}</code>}>
          <span className="break-words">{valueWords(name, value)}</span>
          {MEANINGS[name] && <span className="block text-[0.8125rem] text-muted-foreground">{MEANINGS[name]}</span>}
        </DataItem>
      ))}
    </DataList>
  )
}

/** `act_for: { sub }` as `act_for.sub`. */
function flatten(claims: Record<string, unknown>, prefix = ''): [name: string, value: unknown][] {
  return Object.entries(claims).flatMap(([name, value]) =>
    isGroup(value) ? flatten(value, `${prefix}${name}.`) : [[prefix + name, value] as [string, unknown]],
  )
}

const ORDER = Object.keys(MEANINGS)

/** Those that we have no words for come last. */
function inOrder(claims: [name: string, value: unknown][]): [name: string, value: unknown][] {
  const place = ([name]: [string, unknown]) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length)
  return claims.toSorted((one, other) => place(one) - place(other))
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function valueWords(name: string, value: unknown): string {
  if (TIMES.has(name) && typeof value === 'number') return absoluteTime(new Date(value * 1000).toISOString())
  if (name === 'acr') return acrWords(String(value))
  return Array.isArray(value) ? value.join(', ') : String(value)
}

function acrWords(acr: string): string {
  const label = ASSURANCE_LEVELS.find((level) => level.acr === acr)?.label
  return label === undefined ? acr : `${acr}: ${label}`
}
