import {
  type AuthenticationResponseJSON,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  startAuthentication,
  startRegistration,
  WebAuthnAbortService,
} from '@simplewebauthn/browser'
import { queryOptions } from '@tanstack/react-query'
import { ApiFailure, answer, api, request, takeAway } from './api.ts'
import { tellTabs } from './session-channel.ts'

/** What better-auth does below /api/auth: signing in and up, mail links, passwords, passkeys. */
function auth<T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> {
  return request<T>(method, `/api/auth${path}`, body)
}

export const providersQuery = queryOptions({
  queryKey: ['account', 'providers'],
  queryFn: ({ signal }) => answer(api.api.account.providers.$get({}, { init: { signal } })),
  staleTime: Number.POSITIVE_INFINITY,
})

export interface SignUp {
  name: string
  email: string
  password: string
  /** Where the link of the confirmation mail ends. */
  callbackURL: string
}

/** `token` is null while the email has to be confirmed first. */
export async function signUp(details: SignUp): Promise<{ token: string | null }> {
  const signedUp = await auth<{ token: string | null }>('POST', '/sign-up/email', details)
  if (signedUp.token !== null) tellTabs('signed-in')
  return signedUp
}

export async function signIn(credentials: { email: string; password: string; callbackURL: string }): Promise<void> {
  await auth('POST', '/sign-in/email', credentials)
  tellTabs('signed-in')
}

/** The address at the provider, where the browser goes next. */
export async function signInWith(provider: 'github' | 'google', callbackURL: string): Promise<string> {
  const { url } = await auth<{ url: string }>('POST', '/sign-in/social', { provider, callbackURL })
  return url
}

export async function signOut(): Promise<void> {
  await auth('POST', '/sign-out', {})
  tellTabs('signed-out')
}

export function sendVerificationEmail(email: string, callbackURL: string): Promise<unknown> {
  return auth('POST', '/send-verification-email', { email, callbackURL })
}

export function requestPasswordReset(email: string): Promise<unknown> {
  const body = { email, redirectTo: '/console/reset-password' }
  return auth('POST', '/request-password-reset', body)
}

export function resetPassword(token: string, newPassword: string): Promise<unknown> {
  return auth('POST', '/reset-password', { token, newPassword })
}

export interface PasswordChange {
  currentPassword: string
  newPassword: string
  revokeOtherSessions: boolean
}

export function changePassword(change: PasswordChange): Promise<unknown> {
  return auth('POST', '/change-password', change)
}

export function updateName(name: string): Promise<unknown> {
  return auth('POST', '/update-user', { name })
}

export interface Passkey {
  id: string
  name: string | null
  deviceType: string
  createdAt: string
}

export const passkeysQuery = queryOptions({
  queryKey: ['account', 'passkeys'],
  queryFn: () => auth<Passkey[]>('GET', '/passkey/list-user-passkeys'),
})

export async function addPasskey(name: string): Promise<unknown> {
  const path = '/passkey/generate-register-options'
  const optionsJSON = await auth<PublicKeyCredentialCreationOptionsJSON>('GET', path)
  const response = await startRegistration({ optionsJSON }).catch((error: unknown) =>
    throwPasskeyFailure(error, 'No passkey was made. Try again when you are ready.'),
  )
  return auth('POST', '/passkey/verify-registration', { response, name })
}

export function renamePasskey(id: string, name: string): Promise<unknown> {
  return auth('POST', '/passkey/update-passkey', { id, name })
}

export function deletePasskey(id: string): Promise<void> {
  return takeAway(auth('POST', '/passkey/delete-passkey', { id }))
}

/** `autofill`: the browser offers passkeys in the email field and this waits until one is taken. */
export async function signInWithPasskey({ autofill = false } = {}): Promise<void> {
  const response = await askPasskey('/api/auth/passkey/generate-authenticate-options', autofill)
  await auth('POST', '/passkey/verify-authentication', { response })
  tellTabs('signed-in')
}

export async function reauthenticateWithPasskey(): Promise<void> {
  const passkey = await askPasskey('/api/me/reauthenticate/options', false)
  await answer(
    api.api.me.reauthenticate.$post({ json: { passkey: { ...passkey, response: { ...passkey.response } } } }),
  )
}

export async function reauthenticateWithPassword(password: string): Promise<void> {
  await answer(api.api.me.reauthenticate.$post({ json: { password } }))
}

/** Ends a wait for autofill, so that nothing is asked for on the next screen. */
export function stopAskingPasskey(): void {
  WebAuthnAbortService.cancelCeremony()
}

async function askPasskey(optionsPath: string, autofill: boolean): Promise<AuthenticationResponseJSON> {
  const optionsJSON = await request<PublicKeyCredentialRequestOptionsJSON>('GET', optionsPath)
  return startAuthentication({ optionsJSON, useBrowserAutofill: autofill }).catch((error: unknown) =>
    throwPasskeyFailure(error, 'No passkey was used. Try again, or use your password.'),
  )
}

/** Browsers say the same for "no", "too late" and "there is none", and so do we. */
function throwPasskeyFailure(error: unknown, sentence: string): never {
  const name = error instanceof Error ? error.name : ''
  if (name === 'InvalidStateError')
    throw new ApiFailure(400, 'passkey_known', 'This device has a passkey for your account already.', { cause: error })
  throw new ApiFailure(400, 'passkey_not_used', sentence, { cause: error })
}
