import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { homePage } from '../src/pages/home.ts'
import { noticePage } from '../src/pages/notice.ts'
import { referencePage } from '../src/pages/reference.ts'
import { type WaitingView, waitingPage } from '../src/pages/waiting.ts'

const HOSTILE = [
  '</script><script>alert(1)</script>',
  '<!--<script>',
  '"><img src=x onerror=alert(1)>',
  "' autofocus onfocus='alert(1)",
  '\u202Egnp.knab',
  'line\u2028and\u2029paragraph',
  '$& $1 HOST &lt;b&gt; {{7*7}}',
]

function view(changes: Partial<WaitingView> = {}): WaitingView {
  return {
    nonce: 'n0nce',
    requestId: 'req_7hK2mVx9QdTn4WcPz8RbYs',
    clientName: 'Harbor Supply',
    clientHost: 'shop.example:8443',
    scopes: ['openid', 'email'],
    status: 'pending',
    expiresAt: 1_600_000,
    now: 1_019_000,
    authRequest: { request_id: 'req_7hK2mVx9QdTn4WcPz8RbYs', client_name: 'Harbor Supply' },
    pollToken: 'poll_1',
    statusPath: '/api/check-status?request_id=req_7hK2mVx9QdTn4WcPz8RbYs',
    streamPath: '/api/check-status/stream?request_id=req_7hK2mVx9QdTn4WcPz8RbYs',
    authenticatePath: '/api/agent/authenticate',
    restartUrl: 'https://shop.example:8443/',
    ...changes,
  }
}

/** The contents of script elements whose start tag contains the text, as an HTML parser would cut them. */
function scripts(page: string, attribute = ''): string[] {
  return [...page.matchAll(/<script([^>]*)>([\s\S]*?)<\/script/gi)]
    .filter(([, attributes]) => attributes?.includes(attribute))
    .map(([, , content]) => content ?? '')
}

function authRequestJson(page: string): unknown {
  return JSON.parse(scripts(page, 'id="auth-agent-request"')[0] ?? '')
}

/** What a browser would leave in `window.authRequest`. */
function authRequestCode(page: string): unknown {
  const code = scripts(page).find((script) => script.startsWith('window.authRequest')) ?? ''
  const window: Record<string, unknown> = {}
  new Function('window', code)(window)
  return window.authRequest
}

/** Start tags, outside of the content of scripts and styles. */
function tags(page: string): string[] {
  return page.replace(/(<(script|style)[^>]*>)[\s\S]*?<\/\2/gi, '$1').match(/<[a-z](?:"[^"]*"|[^">])*>/gi) ?? []
}

const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Auth Agent', version: '1.2.3', description: 'First.\n\nErrors are `{"error"}`.' },
  tags: [{ name: 'Identity', description: 'Sign-in' }],
  components: {
    securitySchemes: {
      basic: { type: 'http', scheme: 'basic' },
      key: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
    },
    parameters: { Id: { name: 'id', in: 'path', required: true, schema: { type: 'string', example: 'conn_1' } } },
    schemas: {
      Grant: {
        type: 'object',
        required: ['grant_type'],
        properties: {
          grant_type: { type: 'string', enum: ['authorization_code', 'refresh_token'], description: 'Which grant' },
          parent: { $ref: '#/components/schemas/Grant' },
        },
      },
    },
  },
  paths: {
    '/token': {
      post: {
        tags: ['Identity'],
        summary: "It's a grant",
        security: [{ basic: [] }],
        requestBody: {
          required: true,
          content: { 'application/x-www-form-urlencoded': { schema: { $ref: '#/components/schemas/Grant' } } },
        },
        responses: { 200: { description: 'Tokens' }, 400: { description: '`invalid_grant`' } },
      },
    },
    '/connections/{id}': {
      parameters: [{ $ref: '#/components/parameters/Id' }],
      get: { security: [{ key: [] }], responses: { 200: { description: 'One' } } },
    },
  },
}

const PAGES: Record<string, (text: string) => string> = {
  'waiting page': (text) =>
    waitingPage(view({ clientName: text, scopes: [text], authRequest: { client_name: text }, restartUrl: text })),
  'waiting page with its form': (text) => waitingPage(view({ form: { error: text, agentId: text, model: text } })),
  'notice page': (text) =>
    noticePage({
      nonce: 'n0nce',
      tone: 'error',
      title: text,
      message: text,
      next: text,
      link: { href: text, text },
      reference: text,
      continueTo: text,
    }),
  'home page': (text) => homePage({ nonce: 'n0nce', issuer: text, version: text, sampleWebsite: text }),
  'reference page': (text) => {
    const hostile = JSON.parse(JSON.stringify(DOCUMENT), (_, value) => (value === 'Which grant' ? text : value))
    return referencePage({ nonce: 'n0nce', document: { ...hostile, info: { title: text, description: text } } })
  },
}

describe.each(Object.entries(PAGES))('the %s', (_, page) => {
  const tame = page('tame')

  test('has no style attribute, no event handler and nothing from elsewhere', () => {
    for (const tag of tags(tame)) {
      expect(tag).not.toMatch(/\s(style|on\w+)\s*=/i)
      expect(tag).not.toMatch(/\ssrc\s*=/i)
    }
  })

  test('carries the nonce on every script and style', () => {
    const guarded = tags(tame).filter((tag) => /^<(script|style)\b/.test(tag))
    expect(guarded.length).toBeGreaterThan(0)
    for (const tag of guarded) expect(tag).toContain('nonce="n0nce"')
  })

  test('says its language and lets itself be zoomed', () => {
    expect(tame).toMatch(/^<!doctype html>\n<html lang="en">/)
    expect(tame).toContain('content="width=device-width, initial-scale=1"')
  })

  test('has one main part and one first heading', () => {
    expect(tags(tame).filter((tag) => tag.startsWith('<main'))).toHaveLength(1)
    expect(tags(tame).filter((tag) => tag.startsWith('<h1'))).toHaveLength(1)
  })

  test.each(HOSTILE)('is not broken by %j', (text) => {
    const names = (html: string) => tags(html).map((tag) => tag.split(/[\s>]/)[0])
    expect(names(page(text))).toEqual(names(page('tame')))
    expect(page(text)).not.toContain('<script>alert')
    expect(page(text)).not.toContain('<img')
  })
})

describe('the waiting page', () => {
  test('has the title that agents recognise it by, in every state', () => {
    for (const status of ['pending', 'second_factor_required', 'approval_required'] as const)
      expect(waitingPage(view({ status }))).toContain(
        '<title>Auth Agent: waiting for agent (req_7hK2mVx9QdTn4WcPz8RbYs)</title>',
      )
  })

  test('gives the request to agents in three ways', () => {
    const page = waitingPage(view())
    expect(page).toContain('<meta name="auth-agent-request" content="req_7hK2mVx9QdTn4WcPz8RbYs">')
    expect(authRequestJson(page)).toEqual(view().authRequest)
    expect(authRequestCode(page)).toEqual(view().authRequest)
  })

  test('gives agents exactly the request that it was made from, whatever is in it', () => {
    const nasty = fc.constantFrom('<', '</script>', '<!--', '\u2028', '\u2029', '"', '\\', '\0', '\ud800', ']]>', "'")
    const text = fc.array(fc.oneof(nasty, fc.string({ unit: 'binary' }))).map((parts) => parts.join(''))
    const keys = fc.constantFrom('request_id', 'client_id', 'client_name', 'redirect_uri', 'scope', 'issuer')
    fc.assert(
      fc.property(fc.dictionary(keys, text, { noNullPrototype: true }), text, (authRequest, pollToken) => {
        const page = waitingPage(view({ authRequest, pollToken }))
        expect(authRequestJson(page)).toEqual(authRequest)
        expect(authRequestCode(page)).toEqual(authRequest)
        for (const script of scripts(page, 'type="application/json"')) expect(script).not.toMatch(/[<\u2028\u2029]/)
      }),
    )
  })

  test('shows the name isolated, with the host beside it', () => {
    const page = waitingPage(view({ clientName: 'Tom & Jerry\u202Emoc.knab' }))
    expect(page).toContain('<bdi>Tom &amp; Jerry moc.knab</bdi>')
    expect(page).toContain('>shop.example:8443<')
  })

  test('shows a right-to-left name as it is', () => {
    expect(waitingPage(view({ clientName: 'متجر' }))).toContain('<bdi>متجر</bdi>')
  })

  test('says what the website will learn in plain words, and unknown scopes as they are', () => {
    const page = waitingPage(view({ scopes: ['openid', 'email', 'orders:read', 'email', 'constructor'] }))
    expect(page.match(/<li>/g)).toHaveLength(4)
    expect(page).toContain('The email address of that person')
    expect(page).toContain('Access to <code>orders:read</code>')
    expect(page).toContain('Access to <code>constructor</code>')
  })

  test('has one polite live region, and counts down outside of it', () => {
    const page = waitingPage(view())
    expect(page.match(/role="status"/g)).toHaveLength(1)
    expect(page).toContain('<span role="timer">9:41</span>')
    expect(page).not.toContain('aria-live')
  })

  test('says in each state what it waits for', () => {
    expect(waitingPage(view())).toContain('<h1>Waiting for the agent</h1>')
    expect(waitingPage(view({ status: 'second_factor_required' }))).toContain('<h1>Waiting for the one-time code</h1>')
    expect(waitingPage(view({ status: 'approval_required' }))).toContain('<h1>Waiting for a person to approve</h1>')
  })

  test('hides no text', () => {
    const page = waitingPage(view())
    expect(page).not.toMatch(/\shidden[\s>=]|visually-hidden|sr-only|display: ?none|font-size: ?0[;}]|opacity: ?0/)
  })

  test('refreshes itself without JavaScript, and says so', () => {
    const page = waitingPage(view())
    expect(page).toContain('<noscript><meta http-equiv="refresh" content="5"></noscript>')
    expect(page).toContain('this page refreshes itself every 5 seconds')
  })

  test('leaves time to type once the form is open', () => {
    const form = { error: '', agentId: '', model: '' }
    expect(waitingPage(view({ form, refreshUrl: 'https://auth.example/authorize?a=1&b=2' }))).toContain(
      '<noscript><meta http-equiv="refresh" content="60; url=https://auth.example/authorize?a=1&amp;b=2"></noscript>',
    )
  })

  test('does not repeat a POST to refresh itself', () => {
    expect(waitingPage(view({ form: { error: 'No', agentId: '', model: '' } }))).not.toContain('http-equiv="refresh"')
  })

  test('has a plain form that a password vault can fill', () => {
    const page = waitingPage(view())
    expect(page).toContain('<details data-while-waiting>')
    expect(page).toContain('<form method="post" action="/api/agent/authenticate">')
    for (const name of ['agent_id', 'agent_secret', 'model']) {
      expect(page).toContain(`<label for="${name}">`)
      expect(page).toMatch(new RegExp(`<input id="${name}" name="${name}"`))
    }
    expect(page).toMatch(/name="agent_id"[^>]* autocomplete="username"/)
    expect(page).toMatch(/name="agent_secret" type="password" autocomplete="current-password"/)
    expect(page).toMatch(/name="model"[^>]* autocomplete="off"/)
    expect(page).toContain('<input type="hidden" name="request_id" value="req_7hK2mVx9QdTn4WcPz8RbYs">')
  })

  test('brings a faulty form back open, with the fault, and without the secret', () => {
    const page = waitingPage(view({ form: { error: 'Unknown agent', agentId: 'agent_"1"', model: 'm1' } }))
    expect(page).toContain('<details data-while-waiting open>')
    expect(page).toContain('<p class="fault" id="form-error" role="alert">Unknown agent</p>')
    expect(page).toMatch(/name="agent_id" value="agent_&quot;1&quot;"[^>]* aria-describedby="form-error"/)
    expect(page).toMatch(/name="model" value="m1"/)
    expect(tags(page).find((tag) => tag.includes('name="agent_secret"'))).not.toContain('value=')
  })

  test('opens the form without a fault when there is none to tell', () => {
    const page = waitingPage(view({ form: { error: '', agentId: '', model: '' } }))
    expect(page).toContain('<details data-while-waiting open>')
    expect(page).not.toContain('role="alert"')
    expect(page).not.toContain('aria-describedby')
  })

  test('has a script that parses', () => {
    for (const script of scripts(waitingPage(view())).filter((each) => !each.startsWith('{'))) new Function(script)
  })

  test('is smaller than 20 KB', () => {
    expect(Buffer.byteLength(waitingPage(view()))).toBeLessThan(20_000)
  })
})

describe('the notice page', () => {
  const notice = {
    nonce: 'n0nce',
    tone: 'error',
    title: 'Not registered',
    message: 'Unknown.',
    next: 'Ask them.',
  } as const

  test('says what happened and what to do', () => {
    const page = noticePage(notice)
    expect(page).toContain('<h1>Not registered</h1>')
    expect(page).toContain('Unknown.')
    expect(page).toContain('Ask them.')
    expect(page).not.toContain('Reference')
    expect(page).not.toContain('http-equiv="refresh"')
  })

  test('goes on by itself when it is told where', () => {
    expect(noticePage({ ...notice, continueTo: 'https://auth.example/resume?a=1&b=2' })).toContain(
      '<meta http-equiv="refresh" content="0; url=https://auth.example/resume?a=1&amp;b=2">',
    )
  })
})

describe('the home page', () => {
  const home = { nonce: 'n0nce', issuer: 'https://auth.example', version: '1.2.3' }

  test('links to the reference, the document, discovery and health', () => {
    for (const path of ['/docs', '/openapi.json', '/.well-known/openid-configuration', '/health'])
      expect(homePage(home)).toContain(`href="https://auth.example${path}"`)
  })

  test('names the sample website only where it runs', () => {
    expect(homePage(home)).not.toContain('sample website')
    expect(homePage({ ...home, sampleWebsite: 'http://localhost:3000' })).toContain('href="http://localhost:3000"')
  })
})

describe('the reference page', () => {
  const page = referencePage({ nonce: 'n0nce', document: DOCUMENT })

  test('shows each operation under its tag, with an anchor in the navigation', () => {
    expect(page).toContain('<h2 id="tag-identity">Identity</h2>')
    expect(page).toContain('<h2 id="tag-other">Other</h2>')
    expect(page).toContain('href="#post-token"')
    expect(page).toContain('<h3 id="post-token">')
    expect(page).toContain('<h3 id="get-connections-id">')
  })

  test('resolves references, and a schema that contains itself does not loop', () => {
    expect(page).toContain('<code>parent.parent.grant_type</code>')
    expect(page).toContain('<code>authorization_code</code>, <code>refresh_token</code>')
  })

  test('shows parameters of the path, required fields and responses', () => {
    expect(page).toMatch(/<code>id<\/code> <span class="required">required<\/span><\/th><td>path<\/td><td>string<\/td>/)
    expect(page).toMatch(/<code>grant_type<\/code> <span class="required">/)
    expect(page).toContain('<dt>400</dt><dd><code>invalid_grant</code></dd>')
  })

  test('gives a request to copy, with the credential that the operation takes', () => {
    expect(page).toContain('-u &quot;$CLIENT_ID:$CLIENT_SECRET&quot;')
    expect(page).toContain('-d &#39;grant_type=authorization_code&#39;')
    expect(page).toContain('curl &#39;http://localhost:4000/connections/conn_1&#39;')
    expect(page).toContain('-H &quot;X-API-Key: $API_KEY&quot;')
  })

  test('is made from any document without failing', () => {
    const keys = fc.constantFrom('$ref', 'type', 'properties', 'items', 'allOf', 'oneOf', 'required', 'enum', 'example')
    const { schema } = fc.letrec((tie) => ({
      schema: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<unknown>('#/components/schemas/A', 'object', 'array', null, 7, ['string', 'null'], true),
        fc.dictionary(keys, tie('schema'), { maxKeys: 4 }),
        fc.array(tie('schema'), { maxLength: 2 }),
      ),
    }))
    fc.assert(
      fc.property(schema, (any) => {
        const operation = { parameters: [any], requestBody: { content: { 'application/json': { schema: any } } } }
        const document = { components: { schemas: { A: any } }, paths: { '/a': { post: operation, get: any } } }
        expect(referencePage({ nonce: 'n0nce', document })).toContain('</html>')
      }),
    )
  })
})
