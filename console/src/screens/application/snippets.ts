import type { Application } from '../../applications.ts'
import { fill, type Quoting } from './fill.ts'
import authAgent from './snippets/auth-agent.ts.txt?raw'
import button from './snippets/button.html.txt?raw'
import curlBegin from './snippets/curl-begin.sh.txt?raw'
import curlExchange from './snippets/curl-exchange.sh.txt?raw'
import express from './snippets/express.ts.txt?raw'
import flask from './snippets/flask.py.txt?raw'
import hono from './snippets/hono.ts.txt?raw'
import nextCallback from './snippets/next-callback.ts.txt?raw'
import nextLogin from './snippets/next-login.ts.txt?raw'
import node from './snippets/node.ts.txt?raw'
import terminal from './snippets/terminal.sh.txt?raw'

interface Snippet {
  /** The file, or what is done with it. May hold `{{values}}` itself. */
  title: string
  template: string
  quoting: Quoting
}

interface Framework {
  id: string
  label: string
  snippets: readonly Snippet[]
}

const program = (title: string, template: string): Snippet => ({ title, template, quoting: 'program' })
const shell = (title: string, template: string): Snippet => ({ title, template, quoting: 'shell' })
const IN_TERMINAL = shell('Terminal', terminal)
const SIGN_IN = program('auth-agent.ts', authAgent)

export const FRAMEWORKS: readonly Framework[] = [
  { id: 'node', label: 'Node.js', snippets: [IN_TERMINAL, SIGN_IN, program('server.ts', node)] },
  { id: 'express', label: 'Express', snippets: [IN_TERMINAL, SIGN_IN, program('server.ts', express)] },
  {
    id: 'next',
    label: 'Next.js',
    snippets: [
      IN_TERMINAL,
      program('lib/auth-agent.ts', authAgent),
      program('app{{login_path}}/route.ts', nextLogin),
      program('app{{callback_path}}/route.ts', nextCallback),
    ],
  },
  { id: 'hono', label: 'Hono', snippets: [IN_TERMINAL, SIGN_IN, program('server.ts', hono)] },
  { id: 'python', label: 'Python', snippets: [IN_TERMINAL, program('app.py', flask)] },
  { id: 'curl', label: 'curl', snippets: [shell('Begin', curlBegin), shell('Exchange the code', curlExchange)] },
]

const IN_JAVASCRIPT: ReadonlySet<string> = new Set(['node', 'express', 'next', 'hono'])

const BUTTON: Snippet = { title: 'HTML', template: button, quoting: 'none' }

interface SnippetOf {
  application: Application
  issuer: string
  redirectUri: string
}

export interface FilledSnippet {
  title: string
  code: string
}

/** The code of one framework for one application, ready to run. */
export function filled({ id, snippets }: Framework, of: SnippetOf): FilledSnippet[] {
  const given = givenFor(of)
  const conditions = new Set([...given.conditions, id, ...(IN_JAVASCRIPT.has(id) ? ['js'] : [])])
  return snippets.map((snippet) => fillOne(snippet, { ...given, conditions }))
}

export function filledButton(of: SnippetOf): FilledSnippet {
  return fillOne(BUTTON, givenFor(of))
}

function fillOne({ title, template, quoting }: Snippet, given: ReturnType<typeof givenFor>): FilledSnippet {
  return { title: fill(title, given, 'none'), code: fill(template, given, quoting) }
}

function givenFor({ application, issuer, redirectUri }: SnippetOf) {
  const { client_id, scope, token_endpoint_auth_method: method } = application
  const url = new URL(redirectUri)
  return {
    values: {
      issuer,
      client_id,
      scope,
      method,
      ...keyOf(application),
      redirect_uri: redirectUri,
      callback_path: url.pathname,
      login_path: url.pathname === '/login' ? '/sign-in' : '/login',
      port: url.protocol === 'http:' ? url.port || '80' : '3000',
      redirect_uri_encoded: encodeURIComponent(redirectUri),
      scope_encoded: encodeURIComponent(scope),
    },
    conditions: conditionsOf(application, issuer, url),
  }
}

const KEYS: Record<string, { alg: string; key_class: string }> = {
  'P-384': { alg: 'ES384', key_class: 'ECKey' },
  Ed25519: { alg: 'Ed25519', key_class: 'OKPKey' },
  RSA: { alg: 'RS256', key_class: 'RSAKey' },
}

/** How the first of its keys signs. */
function keyOf({ jwks }: Application): { alg: string; key_class: string } {
  const [key] = (jwks?.keys ?? []) as { kty?: string; crv?: string }[]
  return KEYS[key?.crv ?? key?.kty ?? ''] ?? { alg: 'ES256', key_class: 'ECKey' }
}

/** The names that lines of the templates end in. */
function conditionsOf(application: Application, issuer: string, { protocol }: URL): Set<string> {
  const { access_token_format: format, token_endpoint_auth_method: method, subjects } = application
  const conditions = [
    format === 'jwt' ? 'jwt' : 'key',
    method,
    issuer.startsWith('http:') ? 'http' : 'https',
    protocol === 'http:' ? 'http_site' : 'https_site',
    ...(format === 'api_key' && subjects.includes('agent') ? ['key_and_agents'] : []),
    ...(method.startsWith('client_secret') ? ['secret'] : []),
  ]
  return new Set(conditions)
}
