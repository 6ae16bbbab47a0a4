import { html } from 'hono/html'
import { BRAND, compact, emblem, GLYPH, type Html, layout } from './layout.ts'

export interface ApprovalView {
  nonce: string
  requestId: string
  /** Untrusted: whoever registered the app chose it. */
  clientName: string
  /** host[:port] of the redirect_uri, the one thing about the app that nobody can choose freely. */
  clientHost: string
  scopes: string[]
  person: { name: string; email: string }
  /** Cents. */
  budget: { payment: 'credits' | 'byok'; credits: number; promotion: number; promotionDays: number | null }
  /** Where the form is sent. */
  action: string
  token: string
  /** Where to sign in as somebody else. */
  switchPath: string
  /** What the person should know before they decide. */
  notice?: string
}

/** A person is asked whether an app may have what it asks for. Works without JavaScript. */
export function approvalPage(view: ApprovalView): string {
  const name = plain(view.clientName)
  return layout({
    title: `Auth Agent: approve ${name}`,
    nonce: view.nonce,
    style: APPROVAL_STYLE,
    body: html`<div class="page">
<header>${BRAND}</header>
<main class="card" data-tone="still">
<div class="state">
${emblem(GLYPH.person)}
<div><h1>Let <bdi>${name}</bdi> in?</h1><p>The app at <strong class="host">${view.clientHost}</strong> asks to sign you in with your Auth Agent account.</p></div>
${view.notice && html`<p class="notice" role="alert">${view.notice}</p>\n`}</div>
<dl class="facts">
<div><dt>You are</dt><dd><strong><bdi>${plain(view.person.name)}</bdi></strong><span class="soft block">${view.person.email}</span><a class="small" href="${view.switchPath}">Use another account</a></dd></div>
<div><dt>It will get</dt><dd><ul>${gets(view.scopes)}</ul></dd></div>
<div><dt>It may spend</dt><dd>${spends(view)}</dd></div>
</dl>
<form method="post" action="${view.action}">
<input type="hidden" name="request_id" value="${view.requestId}">
<input type="hidden" name="token" value="${view.token}">
<button class="button" name="decision" value="approve">Approve</button>
<button class="button plain" name="decision" value="deny">Do not approve</button>
</form>
</main>
<footer class="foot">Your yes is remembered. You can withdraw it at any time in the console, under Approved apps: the app is out at once.</footer>
</div>`,
  })
}

/** An override inside a name could spell it backwards. */
function plain(name: string): string {
  return name.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, ' ')
}

const SCOPES: Record<string, string> = {
  profile: 'Your name',
  email: 'Your email address',
  offline_access: 'It stays signed in after this visit, until you withdraw your approval',
  'agent-fuel': 'It can call language models, and you pay for them',
  'usage-tracking': 'Its makers see how much you use through it',
}

function gets(scopes: string[]): Html[] {
  const told = scopes.filter((scope) => scope !== 'openid')
  return [
    html`<li>A stable id, by which it knows you again</li>`,
    ...told.map((scope) =>
      Object.hasOwn(SCOPES, scope) ? html`<li>${SCOPES[scope]}</li>` : html`<li>Access to <code>${scope}</code></li>`,
    ),
  ]
}

function spends({ scopes, budget }: ApprovalView): Html {
  const gift =
    budget.promotion > 0
      ? html` If you are new to it, it gives you ${dollars(budget.promotion)} to begin with${until(budget)}.`
      : ''
  if (!scopes.includes('agent-fuel')) return html`Nothing of yours.${gift}`
  if (budget.payment === 'byok') return html`What your own provider keys allow: calls go out with them.${gift}`
  return html`Your credits: you have ${dollars(budget.credits)}, and never more than that is spent.${gift}`
}

function until({ promotionDays }: ApprovalView['budget']): string {
  if (promotionDays === null) return ''
  if (promotionDays < 1) return ', for some hours'
  return promotionDays === 1 ? ', for a day' : `, for ${promotionDays} days`
}

function dollars(cents: number): string {
  return new Intl.NumberFormat('en', { style: 'currency', currency: 'USD' }).format(cents / 100)
}

const APPROVAL_STYLE = compact(`
.host { font-family: var(--mono); font-size: 0.9375rem; }
.block { display: block; }
form { display: flex; flex-wrap: wrap; gap: 0.75rem; }
.notice { padding: 0.7rem 0.9rem; border-left: 3px solid var(--accent); border-radius: 4px; background: var(--sunk); }
`)
