import { createHmac } from 'node:crypto'
import { type PasskeyOptions, passkey } from '@better-auth/passkey'
import { APIError, createAuthMiddleware } from 'better-auth/api'
import { betterAuth } from 'better-auth/minimal'
import { type Config, LOOPBACK_HOSTS } from '../config.ts'
import type { Deps } from '../context.ts'
import { newId } from '../crypto/ids.ts'
import { same } from '../crypto/key-ring.ts'
import { parseCookies, serializeCookie } from '../http/cookies.ts'
import type { Logger } from '../http/log.ts'
import { listAccounts } from '../storage/sign-in-accounts.ts'
import type { Auth } from './auth.ts'
import { createAuthAdapter } from './auth-adapter.ts'
import { openAuthSecret } from './auth-secret.ts'
import { queueMail } from './mail.ts'
import { accountExistsMail, type MailContent, resetPasswordMail, verifyAddressMail } from './mail-templates.ts'
import { createVisits } from './visit.ts'

/** A browser that does not come back for so long is signed out. Seconds. */
export const SESSION_S = 7 * 86_400
/** For so long after a person has proved to be there, they need not do so again. Seconds. */
export const FRESH_S = 300
const RESET_LINK_S = 3600
const VERIFICATION_LINK_S = 3600

export const MIN_PASSWORD = 8
export const MAX_PASSWORD = 128

type World = Pick<Deps, 'config' | 'db' | 'ring' | 'random' | 'now' | 'log' | 'orgId'>

/** `machineNow` is the clock that better-auth itself reads. */
export async function createAuth(world: World, machineNow: () => number): Promise<Auth> {
  const { config, db, ring, random } = world
  const secret = await openAuthSecret(db, ring, random)
  const visits = createVisits(db)
  const issuer = new URL(config.issuer)
  const secure = issuer.protocol === 'https:'
  const cookiePrefix = secure ? '__Host-auth-agent' : 'auth-agent'
  const cookieName = `${cookiePrefix}.session_token`

  const mail = (to: string, content: MailContent) => visits.commit((work) => queueMail(world, work, { to, ...content }))

  const auth = betterAuth({
    appName: 'Auth Agent',
    secret,
    baseURL: `${config.issuer}/api/auth`,
    basePath: '/api/auth',
    trustedOrigins: ownOrigins(config),
    database: createAuthAdapter({ ...world, visits }, machineNow),
    telemetry: { enabled: false },
    logger: loggerOf(world.log),
    // Ours counts in the database, for all processes at once.
    rateLimit: { enabled: false },
    onAPIError: { throw: true, errorURL: `${config.issuer}/console/sign-in` },
    emailAndPassword: {
      enabled: true,
      requireEmailVerification: config.requireEmailVerification,
      minPasswordLength: MIN_PASSWORD,
      maxPasswordLength: MAX_PASSWORD,
      revokeSessionsOnPasswordReset: true,
      resetPasswordTokenExpiresIn: RESET_LINK_S,
      sendResetPassword: ({ user, url }) => mail(user.email, resetPasswordMail({ url })),
      onExistingUserSignUp: ({ user }) =>
        mail(user.email, accountExistsMail({ url: `${config.issuer}/console/sign-in` })),
    },
    emailVerification: {
      sendOnSignUp: true,
      autoSignInAfterVerification: true,
      expiresIn: VERIFICATION_LINK_S,
      sendVerificationEmail: ({ user, url }) => mail(user.email, verifyAddressMail({ url })),
    },
    socialProviders: socialProviders(config),
    account: { updateAccountOnSignIn: false, accountLinking: { enabled: true, trustedProviders: [] } },
    session: { expiresIn: SESSION_S, freshAge: FRESH_S, disableSessionRefresh: true },
    verification: { disableCleanup: true },
    plugins: [passkey(passkeyOptions(issuer))],
    hooks: { after: askForVerification },
    advanced: {
      cookiePrefix,
      // A `__Host-` name; better-auth's own secure names begin with `__Secure-`.
      useSecureCookies: false,
      defaultCookieAttributes: { httpOnly: true, sameSite: 'lax', path: '/', secure },
      // Said outright, for better-auth skips both where it takes itself to be tested.
      disableOriginCheck: false,
      disableCSRFCheck: false,
      ipAddress: { disableIpTracking: true },
      // Of a person who was never made: who signs up with an address that is taken must not tell by the id.
      database: { generateId: () => newId(random, 'user') },
    },
  })
  const { password } = await auth.$context

  return {
    async handle(request, visit) {
      const answer = await visits
        .run(visit, () => auth.handler(request))
        .catch((error: unknown) => {
          throw visit.failure ?? error
        })
      if (visit.failure !== undefined) throw visit.failure
      return answer
    },
    sessionToken(cookies) {
      for (const [name, value] of parseCookies(cookies)) if (name === cookieName) return signedValue(secret, value)
      return undefined
    },
    sessionCookie: (token) =>
      serializeCookie(cookieName, encodeURIComponent(`${token}.${signatureOf(secret, token)}`), {
        secure,
        maxAge: SESSION_S,
      }),
    async isPassword(userId, attempt) {
      const account = (await listAccounts(db.read, userId)).find(({ provider_id }) => provider_id === 'credential')
      const hash = account?.password_hash
      if (hash) return password.verify({ hash, password: attempt })
      await password.hash(attempt)
      return false
    },
    hashPassword: (text) => password.hash(text),
  }
}

/** The origins of this server: on loopback, both of its usual names. */
export function ownOrigins({ issuer }: Pick<Config, 'issuer'>): string[] {
  const { origin, hostname, port } = new URL(issuer)
  if (!issuer.startsWith('http:') || !LOOPBACK_HOSTS.has(hostname)) return [origin]
  const suffix = port === '' ? '' : `:${port}`
  return [...new Set([origin, `http://localhost${suffix}`, `http://127.0.0.1${suffix}`])]
}

/** better-call's signed cookies: `value.signature`, percent-encoded; HMAC-SHA-256 in base64. */
function signedValue(secret: string, cookie: string): string | undefined {
  const text = decoded(cookie)
  const dot = text.lastIndexOf('.')
  if (dot < 1) return undefined
  const value = text.slice(0, dot)
  return same(text.slice(dot + 1), signatureOf(secret, value)) ? value : undefined
}

function signatureOf(secret: string, value: string): string {
  return createHmac('sha256', secret).update(value).digest('base64')
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** A provider's address counts where it says that it is verified; where it does not, it has to be proved to us. */
function socialProviders({ socialProviders: { github, google }, requireEmailVerification }: Config) {
  return {
    ...(github && { github: { ...github, requireEmailVerification } }),
    ...(google && { google: { ...google, requireEmailVerification } }),
  }
}

/** WebAuthn Level 3 §7: the person, not only their device, has to be there. The plugin itself does not insist. */
function passkeyOptions({ hostname, origin }: URL): PasskeyOptions {
  const insist = (verified: boolean | undefined) => {
    if (!verified)
      throw new APIError('BAD_REQUEST', {
        code: 'USER_VERIFICATION_REQUIRED',
        message: 'The passkey must check that it is you, by a PIN, a fingerprint or the like',
      })
  }
  return {
    rpID: hostname,
    rpName: 'Auth Agent',
    origin,
    authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
    registration: { afterVerification: ({ verification }) => insist(verification.registrationInfo?.userVerified) },
    authentication: { afterVerification: ({ verification }) => insist(verification.authenticationInfo.userVerified) },
  }
}

/** The plugin asks for it at registration only. */
const askForVerification = createAuthMiddleware(async (ctx) => {
  const { returned } = ctx.context
  if (ctx.path !== '/passkey/generate-authenticate-options' || typeof returned !== 'object' || returned === null) return
  return ctx.json({ ...returned, userVerification: 'required' })
})

/** What better-auth calls an error is mostly a caller's; ours are thrown, and logged at the edge. */
function loggerOf(log: Logger) {
  return {
    level: 'warn' as const,
    log(level: string, message: string, ...details: unknown[]) {
      const error = details.find((detail) => detail instanceof Error)
      log[level === 'error' ? 'warn' : 'debug']({ ...(error && { error }) }, `better-auth: ${message}`)
    },
  }
}
