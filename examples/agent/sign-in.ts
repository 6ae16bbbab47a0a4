import type { APIResponse, Page, Request } from 'playwright-core'

export interface SignInOptions {
  /** The one identity provider that this agent trusts. */
  issuer: string
  agentId: string
  agentSecret: string
  /** The model that the agent runs on now. */
  model: string
  /** Origin of the website that the agent means to sign in to. */
  expectedOrigin: string
  /** How long a page may take. */
  timeoutMs?: number
  /** How long a person may take, if the owner wants to be asked. */
  approvalTimeoutMs?: number
  onStep?: (step: string) => void
}

/** What the waiting page says about the sign-in that waits for us. */
interface AuthRequest {
  request_id: string
  redirect_uri: string
  issuer: string
}

export class SignInError extends Error {
  override readonly name = 'SignInError'
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

const ADVICE: Record<string, string> = {
  invalid_request: 'The server did not understand this agent. Are both of the same version?',
  invalid_agent: 'Agent id or secret is wrong, or the secret has expired. Check AGENT_ID and AGENT_SECRET.',
  access_denied: 'Not allowed for this agent, website, scope or model. The owner of the agent can change that.',
  unknown_request: 'The server does not know the request of this page. Open the website and start again.',
  request_completed: 'Another agent has already answered this request. Open the website and start again.',
  request_expired: 'The request waited too long. Open the website and start again.',
  second_factor_required: 'This agent needs a code from its inbox, and this sample has no inbox.',
}

/** Signs in on the waiting page that this page shows, or is about to show, and returns once back at the website. */
export async function signIn(page: Page, options: SignInOptions): Promise<void> {
  const step = options.onStep ?? (() => {})
  await reachIssuer(page, options)
  step('waiting page shown')

  const request = await readRequest(page, options)
  step('request read')

  const sentBack = nextVisit(page, options)
  const status = await authenticate(page, options, request.request_id)
  if (status === 'approval_required') {
    step('waiting for a person to approve')
    await returnToWebsite(page, { ...options, timeoutMs: options.approvalTimeoutMs ?? 10 * 60_000 })
  } else {
    step('agent authenticated')
    if (await sentBack) step('browser sent back')
    await returnToWebsite(page, options)
  }
  step('signed in at the website')
}

/** A page elsewhere may look like the waiting page: only the address tells. */
async function reachIssuer(page: Page, { issuer, expectedOrigin, timeoutMs = 15_000 }: SignInOptions): Promise<void> {
  const left = ({ origin }: URL) => origin !== expectedOrigin && origin !== 'null'
  await page.waitForURL(left, { waitUntil: 'domcontentloaded', timeout: timeoutMs }).catch(() => undefined)

  const { origin } = new URL(page.url())
  if (origin === new URL(issuer).origin) return
  if (origin === expectedOrigin || origin === 'null')
    throw new SignInError('not_sent', `The website did not bring us to ${issuer}: ${await heading(page)}`)
  throw new SignInError('wrong_issuer', `The browser is at ${origin}, not at ${issuer}. The secret stays here.`)
}

async function readRequest(page: Page, { issuer, expectedOrigin }: SignInOptions): Promise<AuthRequest> {
  // Origin and request are read in one go: the page may be another one a moment later.
  const { origin, request } = await page.evaluate(shownRequest)
  if (origin !== new URL(issuer).origin || !request?.request_id)
    throw new SignInError('no_request', `There is no sign-in to answer here: ${await heading(page)}`)
  if (request.issuer !== issuer)
    throw new SignInError('wrong_issuer', `The page speaks for ${request.issuer}, not for ${issuer}.`)
  if (URL.parse(request.redirect_uri)?.origin !== expectedOrigin)
    throw new SignInError(
      'wrong_website',
      `This would sign us in to ${request.redirect_uri}, not to ${expectedOrigin}.`,
    )
  return request
}

/** Runs in the page. The JSON script holds the same as the variable, for pages whose scripts do not run. */
function shownRequest(): { origin: string; request: AuthRequest | undefined } {
  const shown = globalThis as unknown as {
    location: { origin: string }
    authRequest?: AuthRequest
    document: { getElementById(id: string): { textContent: string } | null }
  }
  const script = shown.document.getElementById('auth-agent-request')
  return { origin: shown.location.origin, request: shown.authRequest ?? (script && JSON.parse(script.textContent)) }
}

/** `page.context().request` shares the cookies of the page, so the server sees that we drive this very browser. */
async function authenticate(page: Page, options: SignInOptions, requestId: string): Promise<string> {
  // The address comes from our own configuration, never from the page; a redirect must not carry the secret on.
  const response = await page
    .context()
    .request.post(`${options.issuer}/api/agent/authenticate`, {
      data: {
        request_id: requestId,
        agent_id: options.agentId,
        agent_secret: options.agentSecret,
        model: options.model,
        expected_origin: options.expectedOrigin,
      },
      maxRedirects: 0,
      timeout: options.timeoutMs ?? 15_000,
    })
    .catch(() => undefined) // Playwright's message would quote our cookies.
  if (!response) throw new SignInError('unreachable', `${options.issuer} does not answer. Is the server up?`)
  return readAnswer(response)
}

/** The status of a success; everything else is thrown with what to do about it. */
async function readAnswer(response: APIResponse): Promise<string> {
  const answer = await response.json().catch(() => ({}))
  const { success, status, error = 'unexpected_answer', error_description } = answer
  if (success === true && (status === 'authenticated' || status === 'approval_required')) return status

  const code = success === true ? String(status) : String(error)
  if (response.status() === 429) {
    const seconds = response.headers()['retry-after'] ?? 'some'
    throw new SignInError(code, `Too many attempts. Try again in ${seconds} seconds.`)
  }
  const said = error_description ? ` The server says: ${error_description}` : ` (HTTP ${response.status()})`
  throw new SignInError(code, `${ADVICE[code] ?? 'The server refused.'}${said}`)
}

/**
 * The waiting page learns by push that we are done, and goes back by itself: this is when it sets out. Begun before we
 * authenticate, because it may set out before we have our answer.
 */
async function nextVisit(page: Page, { expectedOrigin, timeoutMs = 15_000 }: SignInOptions): Promise<boolean> {
  const visit = (request: Request) => request.isNavigationRequest() && new URL(request.url()).origin === expectedOrigin
  return page.waitForRequest(visit, { timeout: timeoutMs }).then(
    () => true,
    () => false,
  )
}

/** The website shows a page once it has exchanged the code. */
async function returnToWebsite(page: Page, { expectedOrigin, timeoutMs = 15_000 }: SignInOptions): Promise<void> {
  const back = ({ origin }: URL) => origin === expectedOrigin
  await page.waitForURL(back, { waitUntil: 'commit', timeout: timeoutMs }).catch(async () => {
    throw new SignInError('not_returned', `The browser did not come back to the website: ${await heading(page)}`)
  })
}

/** What a person who looks at the page would tell us. */
export async function heading(page: Page): Promise<string> {
  const { origin } = new URL(page.url())
  if (origin === 'null') return 'the browser could not load the page'
  const first = page.locator('h1').first()
  const text = await first.textContent({ timeout: 500 }).catch(() => page.title())
  return `${origin} shows “${text?.trim()}”`
}
