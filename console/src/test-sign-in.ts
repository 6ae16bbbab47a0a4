import { ApiFailure, answer, api } from './api.ts'

const routes = api.api.clients[':id']['test-sign-in']

/** What the tab that a test sign-in ends in has to know of its beginning. */
interface Begun {
  clientId: string
  clientName: string
  verifier: string
  startedAt: number
}

// One entry for each test, named by its state: the tab that it ends in knows that, and shares nothing else with this one.
const PREFIX = 'auth-agent-test-sign-in:'
const LIFETIME_MS = 15 * 60_000

/** Makes what the server of a website makes, a PKCE pair and a state, and asks where to go. */
export async function beginTestSignIn({ client_id, client_name }: { client_id: string; client_name: string }) {
  const verifier = randomText()
  const state = randomText()
  const code_challenge = base64url(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier)))
  const { authorize_url } = await answer(routes.$post({ param: { id: client_id }, json: { code_challenge, state } }))
  forgetOld()
  const begun: Begun = { clientId: client_id, clientName: client_name, verifier, startedAt: Date.now() }
  localStorage.setItem(PREFIX + state, JSON.stringify(begun))
  return { state, authorizeUrl: authorize_url }
}

function randomText(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(32)).buffer)
}

function base64url(bytes: ArrayBuffer): string {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

function forgetOld(): void {
  for (const key of Object.keys(localStorage)) {
    if (!key.startsWith(PREFIX)) continue
    const begun = findBegun(key.slice(PREFIX.length))
    if (!begun || begun.startedAt < Date.now() - LIFETIME_MS) localStorage.removeItem(key)
  }
}

/** Undefined for a state that no test of this browser has. */
export function findBegun(state: string | undefined): Begun | undefined {
  const kept = state === undefined ? null : localStorage.getItem(PREFIX + state)
  return kept === null ? undefined : JSON.parse(kept)
}

/** Does with the code what the server of the website would do. The code is good for once, and so is this. */
export async function exchangeTestCode(state: string, code: string) {
  const begun = findBegun(state)
  if (!begun)
    throw new ApiFailure(0, 'unknown_state', 'This test sign-in has been shown already, or was not begun here.')
  try {
    const json = { code, code_verifier: begun.verifier }
    const result = await answer(routes.exchange.$post({ param: { id: begun.clientId }, json }))
    forgetTest(state)
    return result
  } catch (error) {
    // Only a lost connection leaves something to try again.
    if (error instanceof ApiFailure && error.status >= 400 && error.status !== 401) forgetTest(state)
    throw error
  }
}

export function forgetTest(state: string): void {
  localStorage.removeItem(PREFIX + state)
}

export type TestResult = Awaited<ReturnType<typeof exchangeTestCode>>

/** How a test ended, as the tab that it ended in tells the one that it began in. */
export type TestOutcome = { state: string; result: TestResult } | { state: string; refusal: string }

const CHANNEL = 'auth-agent-test-sign-in'

export function tellOutcome(outcome: TestOutcome): void {
  const channel = new BroadcastChannel(CHANNEL)
  channel.postMessage(outcome)
  channel.close()
}

/** Returns what ends the listening, as an effect wants it. */
export function hearOutcomes(hear: (outcome: TestOutcome) => void): () => void {
  const channel = new BroadcastChannel(CHANNEL)
  channel.onmessage = ({ data }: MessageEvent<TestOutcome>) => hear(data)
  return () => channel.close()
}
