const KEY = 'auth-agent-unverified'

/** The email that waits for its link, for this tab only: an address has no place in a URL. */
export function rememberUnverified(email: string): void {
  sessionStorage.setItem(KEY, email)
}

export function unverifiedEmail(): string | undefined {
  return sessionStorage.getItem(KEY) ?? undefined
}
