import { html, raw } from 'hono/html'
import { BRAND, compact, emblem, type Html, layout, scriptJson } from './layout.ts'
import { type PageData, STATES, WAITING_SCRIPT } from './waiting-script.ts'

export interface WaitingView {
  nonce: string
  requestId: string
  /** Untrusted: whoever registered the website chose it. */
  clientName: string
  /** host[:port] of the redirect_uri, the one thing about the website that nobody can choose freely. */
  clientHost: string
  scopes: string[]
  status: 'pending' | 'second_factor_required' | 'approval_required'
  /** Epoch milliseconds, as is `now`. */
  expiresAt: number
  now: number
  /** Becomes `window.authRequest` and the JSON of `#auth-agent-request`. */
  authRequest: Record<string, string>
  pollToken: string
  statusPath: string
  streamPath: string
  authenticatePath: string
  /** Where the website's own sign-in starts again, for the states that end the wait. */
  restartUrl?: string
  /** A GET of this shows the page again; without it a page that answers a POST cannot refresh itself. */
  refreshUrl?: string
  /** The way over for people, at a website that signs in both. */
  personPath?: string
  /** Set when the plain form came back. An empty error only keeps the form open. */
  form?: { error: string; agentId: string; model: string }
}

const REFRESH_S = 5
/** Long enough to type in, for who has JavaScript off. */
const REFRESH_WITH_FORM_S = 60

/** The page that the browser stays on until the agent has signed in. The only form in it is for who has no SDK. */
export function waitingPage(view: WaitingView): string {
  const state = STATES[view.status]
  return layout({
    // Kept for every state of the first answer: agents recognise the page by it.
    title: `Auth Agent: waiting for agent (${view.requestId})`,
    nonce: view.nonce,
    style: WAITING_STYLE,
    script: WAITING_SCRIPT,
    head: head(view),
    body: html`<div class="page">
<header class="top">${BRAND}<p class="clock" data-while-waiting><span>Expires in</span> <span role="timer">${countdown(view)}</span></p></header>
<main class="card" data-tone="${state.tone}">
<div class="state">
${emblem(state.glyph)}
<div role="status"><h1>${state.heading}</h1><p>${state.text}</p></div>
<noscript><p class="soft">${withoutScript(view)}</p></noscript>
</div>
<dl class="facts">
<div><dt>Website</dt><dd><strong class="name"><bdi>${plain(view.clientName)}</bdi></strong><span class="host">${view.clientHost}</span></dd></div>
<div data-while-waiting><dt>It will learn</dt><dd><ul>${learns(view.scopes)}</ul></dd></div>
<div><dt>Request</dt><dd><code class="id">${view.requestId}</code></dd></div>
</dl>
${view.personPath && html`<p data-while-waiting>Are you a person? <a href="${view.personPath}">Sign in yourself instead</a></p>\n`}${form(view)}
</main>
<footer class="foot" data-while-waiting>Not expecting this? Close the page before an agent signs in, and the website learns nothing.</footer>
</div>`,
  })
}

/** An override inside a name could spell it backwards. What is left of it is isolated, so right-to-left names read well. */
function plain(name: string): string {
  return name.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, ' ')
}

function head(view: WaitingView): Html {
  const data: PageData = {
    request_id: view.requestId,
    status: view.status,
    client_host: view.clientHost,
    expires_at: view.expiresAt,
    now: view.now,
    poll_token: view.pollToken,
    status_path: view.statusPath,
    stream_path: view.streamPath,
    restart_url: view.restartUrl ?? null,
  }
  const authRequest = raw(scriptJson(view.authRequest))
  const refresh = refreshAfter(view)
  return html`<meta name="auth-agent-request" content="${view.requestId}">
<script nonce="${view.nonce}">window.authRequest = ${authRequest}</script>
<script nonce="${view.nonce}" type="application/json" id="auth-agent-request">${authRequest}</script>
<script nonce="${view.nonce}" type="application/json" id="auth-agent-page">${raw(scriptJson(data))}</script>
${refresh && html`<noscript><meta http-equiv="refresh" content="${refresh}"></noscript>\n`}`
}

/** Without JavaScript the page finds out by loading itself again, which a page that answers a POST can do only by a URL. */
function refreshAfter({ form, refreshUrl }: WaitingView): string | undefined {
  if (form && !refreshUrl) return undefined
  const seconds = form ? REFRESH_WITH_FORM_S : REFRESH_S
  return refreshUrl ? `${seconds}; url=${refreshUrl}` : String(seconds)
}

function withoutScript(view: WaitingView): string {
  if (!refreshAfter(view)) return 'JavaScript is off, so this page stays as it is until the form below is sent.'
  if (view.form)
    return 'JavaScript is off, so this page refreshes itself once a minute, and that empties the form below.'
  return `JavaScript is off, so this page refreshes itself every ${REFRESH_S} seconds.`
}

function countdown({ expiresAt, now }: WaitingView): string {
  const left = Math.max(0, Math.ceil((expiresAt - now) / 1000))
  return `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`
}

const SCOPES: Record<string, string> = {
  profile: 'The agent’s name, and the name of the person it acts for',
  email: 'The email address of that person',
  offline_access: 'It can stay connected after this visit, until the agent’s owner ends it',
}

/** Every token says who the agent is and what it runs on, with the scope `openid` or without. */
function learns(scopes: string[]): Html[] {
  const told = new Set(scopes.filter((scope) => scope !== 'openid'))
  return [
    html`<li>Which agent this is, and the model it runs on</li>`,
    ...[...told].map((scope) =>
      Object.hasOwn(SCOPES, scope) ? html`<li>${SCOPES[scope]}</li>` : html`<li>Access to <code>${scope}</code></li>`,
    ),
  ]
}

/** Stock browser agents and password vaults fill this by its labels and autocomplete tokens. */
function form(view: WaitingView): Html {
  const { form } = view
  const fault = form?.error ? raw(' aria-invalid="true" aria-describedby="form-error"') : ''
  return html`<details data-while-waiting${form && raw(' open')}>
<summary>Sign in with the agent’s id and secret</summary>
<form method="post" action="${view.authenticatePath}">
${form?.error && html`<p class="fault" id="form-error" role="alert">${form.error}</p>\n`}<input type="hidden" name="request_id" value="${view.requestId}">
<label for="agent_id">Agent id</label>
<input id="agent_id" name="agent_id" value="${form?.agentId}" autocomplete="username" autocapitalize="none" spellcheck="false" required${fault}>
<label for="agent_secret">Agent secret</label>
<input id="agent_secret" name="agent_secret" type="password" autocomplete="current-password" required${fault}${form?.error && raw(' autofocus')}>
<label for="model">Model <span class="soft">the agent runs on now</span></label>
<input id="model" name="model" value="${form?.model}" autocomplete="off" autocapitalize="none" spellcheck="false" required>
<button class="button">Sign in</button>
${!form && PAUSE}</form>
</details>`
}

/** A refresh wipes what is typed. Sending the empty form brings the page back with the form open and a slow refresh. */
const PAUSE = html`<noscript><p class="small soft">The refresh also empties this form. For time to type:</p><button class="button plain" formnovalidate>Stop the refresh</button></noscript>\n`

const WAITING_STYLE = compact(`
.top { display: flex; justify-content: space-between; align-items: center; gap: 1rem; flex-wrap: wrap; }
.clock { color: var(--soft); font-size: 0.875rem; }
.clock [role=timer] { display: inline-block; min-width: 2.75rem; text-align: right; color: var(--ink); font: 600 1rem/1 var(--mono); font-variant-numeric: tabular-nums; }
.name { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; font-size: 1.0625rem; font-weight: 650; }
.host { display: block; font-family: var(--mono); font-size: 0.9375rem; }
.id { user-select: all; }
summary { margin: calc(-1 * clamp(1.25rem, 4vw, 2rem)); padding: 1.1rem clamp(1.25rem, 4vw, 2rem); color: var(--soft); cursor: pointer; }
summary:hover { color: var(--ink); }
summary:focus-visible { outline-offset: -4px; border-radius: 12px; }
form { display: grid; gap: 0.35rem; margin-top: clamp(1.25rem, 4vw, 2rem); padding-top: 1rem; }
label { font-weight: 600; }
label .soft { font-weight: 400; }
input { width: 100%; min-height: 2.75rem; margin-bottom: 0.75rem; padding: 0.5rem 0.75rem; border: 1px solid var(--edge); border-radius: 9px; background: var(--card); color: var(--ink); font: 400 1rem/1.4 var(--mono); }
input:focus-visible { outline-offset: 1px; border-radius: 9px; }
input[aria-invalid] { border-color: var(--bad); }
form .small { margin-top: 1rem; }
form .button { justify-self: start; margin-top: 0.25rem; }
.fault { margin-bottom: 0.75rem; padding: 0.7rem 0.9rem; border-left: 3px solid var(--bad); border-radius: 4px; background: var(--bad-ground); }
`)
