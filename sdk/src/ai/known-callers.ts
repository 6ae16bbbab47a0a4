import type { KnownCaller } from './caller.ts'

const MAX_KNOWN = 1_000

interface Lookup {
  until: number
  known: Promise<KnownCaller | undefined>
}

/**
 * Remembers for a moment who a credential is of, so that a conversation does not ask with every message. Only those that
 * are good are kept, no longer than they live, and by their hash; who asks at the same time shares one question.
 */
export function rememberCallers(
  ask: (credential: string) => Promise<KnownCaller | undefined>,
  { forMs, now }: { forMs: number; now: () => number },
) {
  const lookups = new Map<string, Lookup>()

  const living = (known: KnownCaller | undefined) => (known && known.expiresAt > now() ? known.caller : undefined)

  return async function callerOf(credential: string): Promise<KnownCaller['caller'] | undefined> {
    const name = await digest(credential)
    const remembered = lookups.get(name)
    if (remembered && remembered.until > now()) return living(await remembered.known)
    const lookup = { until: now() + forMs, known: ask(credential) }
    makeRoom(lookups, now())
    lookups.set(name, lookup)
    const forget = () => {
      if (lookups.get(name) === lookup) lookups.delete(name)
    }
    try {
      const known = await lookup.known
      if (!known) forget()
      return living(known)
    } catch (error) {
      forget()
      throw error
    }
  }
}

/** Those that have run out first; then the oldest. */
function makeRoom(lookups: Map<string, Lookup>, now: number): void {
  if (lookups.size < MAX_KNOWN) return
  for (const [name, { until }] of lookups) if (until <= now) lookups.delete(name)
  for (const name of lookups.keys()) {
    if (lookups.size < MAX_KNOWN) return
    lookups.delete(name)
  }
}

async function digest(credential: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(credential))
  return btoa(String.fromCharCode(...new Uint8Array(hash)))
}
