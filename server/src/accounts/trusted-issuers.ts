import { decodeJwt, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import type { TrustedIssuer } from '../config.ts'
import type { Deps } from '../context.ts'
import { createOutbound } from '../http/outbound.ts'
import { ROLES, type Role } from '../storage/schema.ts'
import { createIssuerKeys } from './issuer-keys.ts'

/** Whom an issuer vouches for, in our words. */
export interface OutsideClaims {
  /** As the issuer is called here, whichever way the token writes it. */
  issuer: string
  subject: string
  /** The issuer's own name of it; undefined: in none. */
  organization: string | undefined
  role: Role
  permissions: readonly string[]
  /** The issuer's word: nobody proved it to us. */
  email: string | undefined
  name: string | undefined
  /** Somebody of the issuer's who acts as the subject (RFC 8693 §4.1). */
  impersonator: string | undefined
}

export interface TrustedIssuers {
  /**
   * What a JWT says that an issuer of `TRUSTED_ISSUERS` made for us, and that has not run out; else undefined. Throws
   * `temporarily_unavailable` while that cannot be known.
   */
  verify(token: string): Promise<OutsideClaims | undefined>
}

const MAX_CHARACTERS = 8192
const TOLERANCE_S = 30
/** A JWT that was made for something else than access says so (RFC 8725 §3.11). */
const TYPES: readonly (string | undefined)[] = [undefined, 'jwt', 'at+jwt', 'application/at+jwt']

/** The key sets are at addresses of the operator's own choice: a private network may well be where they are. */
export function createTrustedIssuers({ config, now, log }: Pick<Deps, 'config' | 'now' | 'log'>): TrustedIssuers {
  const trusted = new Map<string, { issuer: TrustedIssuer; keys: JWTVerifyGetKey }>()
  for (const issuer of config.trustedIssuers) {
    const outbound = createOutbound({ allow: [...config.egressAllow, new URL(issuer.jwksUri).host] })
    const keys = createIssuerKeys({ now, log }, outbound, issuer.jwksUri)
    for (const name of issuer.issuers) trusted.set(name, { issuer, keys })
  }

  return {
    async verify(token) {
      const found = trusted.size > 0 ? trusted.get(issuerOf(token) ?? '') : undefined
      if (!found) return undefined
      const { issuer, keys } = found
      try {
        const { payload, protectedHeader } = await jwtVerify(token, keys, {
          algorithms: [...issuer.algorithms],
          issuer: [...issuer.issuers],
          requiredClaims: ['sub', 'exp'],
          clockTolerance: TOLERANCE_S,
          currentDate: new Date(now()),
        })
        if (!TYPES.includes(protectedHeader.typ?.toLowerCase()) || !isForUs(issuer, payload)) return undefined
        return readClaims(issuer, payload)
      } catch (error) {
        // jose throws a TypeError for a key that an algorithm cannot use.
        if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined
        throw error
      }
    },
  }
}

/** Unverified: it says only which keys to verify with. */
function issuerOf(token: string): string | undefined {
  if (token.length > MAX_CHARACTERS) return undefined
  try {
    return decodeJwt(token).iss
  } catch {
    return undefined
  }
}

function isForUs({ audience }: TrustedIssuer, { aud }: JWTPayload): boolean {
  if (aud === undefined) return !audience.required
  return [aud].flat().some((one) => audience.among.includes(one))
}

function readClaims(issuer: TrustedIssuer, payload: JWTPayload): OutsideClaims | undefined {
  const subject = nameOf(payload.sub)
  const said = payload[issuer.orgClaim]
  const organization = nameOf(said)
  // Who is in an organization that we cannot name must not be taken for somebody who is in none.
  if (subject === undefined || (said != null && said !== '' && organization === undefined)) return undefined
  const { act } = payload
  return {
    issuer: issuer.issuers[0],
    subject,
    organization,
    role: roleOf(issuer, payload[issuer.roleClaim]),
    permissions: textsOf(payload.permissions),
    email: nameOf(payload.email),
    name: nameOf(payload.name),
    impersonator: act === undefined ? undefined : (nameOf((act as { sub?: unknown } | null)?.sub) ?? 'unknown'),
  }
}

/** The strongest of those that we have a word for. */
function roleOf({ roles, defaultRole }: TrustedIssuer, said: unknown): Role {
  const ours = textsOf(said).map((name) => roles[name])
  return ROLES.find((role) => ours.includes(role)) ?? defaultRole
}

function textsOf(said: unknown): string[] {
  return [said].flat().filter((one) => typeof one === 'string')
}

/** What both databases hold, and compare, as it is: no two become one. */
function nameOf(said: unknown): string | undefined {
  return typeof said === 'string' && /^[^\p{Cc}]{1,255}$/u.test(said) && said.isWellFormed() ? said : undefined
}
