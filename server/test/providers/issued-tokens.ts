import { randomBytes } from 'node:crypto'
import { Refusal } from './request-checks.ts'

/** What one consent led to: everything that was issued from it ends together. */
export interface Family {
  scopes: readonly string[]
  nonce: string | undefined
  revoked: boolean
}

export interface Code {
  family: Family
  redirectUri: string
  challenge: string | undefined
  used: boolean
}

interface AccessToken {
  family: Family
  /** Epoch milliseconds. */
  expiresAt: number
  ended: boolean
}

interface RefreshToken {
  family: Family
  /** Epoch milliseconds of its first use, if it rotates. */
  usedAt?: number
}

export interface TokenRules {
  rotates: boolean
  /** For how long a rotated-out token still works. */
  leewayMs: number
  /** Whether using one after that ends its whole family. */
  revokesFamily: boolean
}

/** The codes and tokens of one provider, and what becomes of them. */
export function issuedTokens(now: () => number) {
  const codes = new Map<string, Code>()
  const accessTokens = new Map<string, AccessToken>()
  const refreshTokens = new Map<string, RefreshToken>()
  const counts = { reuses: 0, replays: 0, familiesRevoked: 0 }

  function revoke(family: Family): void {
    if (family.revoked) return
    family.revoked = true
    counts.familiesRevoked++
  }

  return {
    counts,

    issueCode(code: Omit<Code, 'used'>): string {
      const value = secret('code')
      codes.set(value, { ...code, used: false })
      return value
    },

    /** RFC 6749 §4.1.2: a code that comes twice ends what it bought. */
    redeem(value: unknown): Code {
      const code = codes.get(String(value))
      if (!code) throw new Refusal('invalid_grant', 'this code was never issued')
      if (code.used) {
        counts.replays++
        revoke(code.family)
        throw new Refusal('invalid_grant', 'this code was used before')
      }
      code.used = true
      return code
    },

    issueAccessToken(family: Family, lifetimeMs: number): { value: string; expiresAt: number } {
      const value = secret('at')
      const expiresAt = now() + lifetimeMs
      accessTokens.set(value, { family, expiresAt, ended: false })
      return { value, expiresAt }
    },

    issueRefreshToken(family: Family): string {
      const value = secret('rt')
      refreshTokens.set(value, { family })
      return value
    },

    /** RFC 9700 §4.14.2. The family of a refresh token that may be used now. */
    useRefreshToken(value: unknown, { rotates, leewayMs, revokesFamily }: TokenRules): Family {
      const token = refreshTokens.get(String(value))
      if (!token || token.family.revoked) throw new Refusal('invalid_grant', 'this refresh token is dead')
      if (!rotates) return token.family
      const usedAt = token.usedAt ?? now()
      if (token.usedAt !== undefined && now() - usedAt >= leewayMs) {
        counts.reuses++
        if (revokesFamily) revoke(token.family)
        throw new Refusal('invalid_grant', 'this refresh token was used before')
      }
      token.usedAt = usedAt
      return token.family
    },

    isLive(value: string | undefined): boolean {
      const token = accessTokens.get(value ?? '')
      return token !== undefined && !token.ended && !token.family.revoked && token.expiresAt > now()
    },

    /** RFC 7009 §2.1. False: it was never issued. */
    revoke(value: unknown): boolean {
      const family = (accessTokens.get(String(value)) ?? refreshTokens.get(String(value)))?.family
      if (family) revoke(family)
      return family !== undefined
    },

    /** As if their time had come. */
    endAccessTokens(): void {
      for (const token of accessTokens.values()) token.ended = true
    },

    /** As if the person had taken the consent back. */
    revokeAll(): void {
      for (const { family } of refreshTokens.values()) revoke(family)
      for (const { family } of accessTokens.values()) revoke(family)
    },
  }
}

/** A canary: nobody else makes such a text. */
export function secret(kind: string): string {
  return `${kind}-${randomBytes(24).toString('hex')}`
}
