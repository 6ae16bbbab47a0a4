import { setTimeout as sleep } from 'node:timers/promises'
import { createRoute, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { Deps, Env, PersonPrincipal } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { strictJsonBody } from '../http/json-body.ts'
import { jsonRoutes } from '../http/json-routes.ts'
import { errors, ok } from '../http/openapi-errors.ts'
import { NO_STORE, respond } from '../http/respond.ts'
import { jsonBody } from '../http/route-schemas.ts'
import { refuseOtherOrigins } from '../http/same-origin.ts'
import { findHome } from '../storage/memberships.ts'
import { findPersonByEmail } from '../storage/persons.ts'
import {
  type Limit,
  mailTo,
  ofAddress,
  type perAddress,
  takeAttempt,
  wrongPasswordsAt,
  wrongPasswordsOf,
} from './attempts.ts'
import { answerOf } from './auth-answer.ts'
import { EmailAddress, GivenPassword, NewPassword, ownLocation, PasskeyResponse, PersonName } from './auth-schemas.ts'
import { ownOrigins } from './better-auth.ts'
import { callAuth } from './call-auth.ts'
import { requireFresh, resolvePerson } from './session.ts'

/** Longer than writing a reset link takes, so that the time does not tell who has an account. */
const RESET_FLOOR_MS = 200

const Done = z.looseObject({})

function routesFor(deps: Deps) {
  const account = { tags: ['Account'] }
  const location = ownLocation(deps.config)
  const consolePath = new URL(`${deps.config.issuer}/console`).pathname
  const done = (description: string) => ok(Done, description)
  const post = <S extends z.ZodType>(path: string, summary: string, body: S, responses: object) =>
    createRoute({
      method: 'post',
      path,
      ...account,
      summary,
      request: jsonBody(body),
      responses: responses as Record<number, { description: string }>,
    })
  const get = <S extends z.ZodObject>(path: string, summary: string, query: S, responses: object) =>
    createRoute({
      method: 'get',
      path,
      ...account,
      summary,
      request: { query },
      responses: responses as Record<number, { description: string }>,
    })
  const redirect = { 303: { description: 'To `callbackURL`, or to it with `error`' } }
  const callbackURL = location.default(`${consolePath}/`)

  return {
    signUp: post(
      '/sign-up/email',
      'Sign up with a password',
      z.object({ name: PersonName, email: EmailAddress, password: NewPassword, callbackURL }),
      { 200: done('Signed in by cookie, unless the address has to be confirmed first'), ...errors(403, 409, 422, 429) },
    ),
    signIn: post(
      '/sign-in/email',
      'Sign in with a password',
      z.object({ email: EmailAddress, password: GivenPassword }),
      { 200: done('Signed in by cookie'), ...errors(401, 403, 422, 429) },
    ),
    signInSocial: post(
      '/sign-in/social',
      'Sign in with an account elsewhere',
      z.object({ provider: z.enum(['github', 'google']), callbackURL, errorCallbackURL: location.optional() }),
      { 200: ok(z.looseObject({ url: z.string() }), 'Where the browser goes next'), ...errors(403, 404, 422, 429) },
    ),
    session: get('/get-session', 'Who is signed in', z.object({}), {
      200: ok(z.looseObject({}).nullable(), 'The session and its person, or null'),
    }),
    signOut: post('/sign-out', 'Sign out', z.object({}), { 200: done('Signed out'), ...errors(403) }),
    sendVerification: post(
      '/send-verification-email',
      'Send the link that confirms an address again',
      z.object({ email: EmailAddress, callbackURL }),
      { 200: done('The same for every address'), ...errors(400, 403, 422, 429) },
    ),
    verifyEmail: get(
      '/verify-email',
      'Confirm an address: the link of a mail',
      z.object({ token: z.string().max(4000), callbackURL }),
      { ...redirect, ...errors(422, 429) },
    ),
    requestReset: post(
      '/request-password-reset',
      'Send a link to set a new password',
      z.object({ email: EmailAddress, redirectTo: location.default(`${consolePath}/reset-password`) }),
      { 200: done('The same for every address'), ...errors(403, 422, 429) },
    ),
    resetLink: createRoute({
      method: 'get',
      path: '/reset-password/{token}',
      ...account,
      summary: 'The link to set a new password',
      request: {
        params: z.object({ token: z.string().max(200) }),
        query: z.object({ callbackURL: location.default(`${consolePath}/reset-password`) }),
      },
      responses: { 303: { description: 'To `callbackURL?token=`, or `?error=`' }, ...errors(422, 429) },
    }),
    resetPassword: post(
      '/reset-password',
      'Set a new password by the token of a link',
      z.object({ token: z.string().min(1).max(200), newPassword: NewPassword }),
      { 200: done('Set; every session has ended'), ...errors(400, 403, 422, 429) },
    ),
    changePassword: post(
      '/change-password',
      'Change the password',
      z.object({
        currentPassword: GivenPassword,
        newPassword: NewPassword,
        revokeOtherSessions: z.boolean().default(true),
      }),
      { 200: done('Changed'), ...errors(401, 403, 409, 422, 429) },
    ),
    updateUser: post('/update-user', 'Change one’s name', z.object({ name: PersonName }), {
      200: done('Changed'),
      ...errors(401, 403, 422),
    }),
    registerOptions: get('/passkey/generate-register-options', 'Begin to add a passkey', z.object({}), {
      200: done('WebAuthn creation options'),
      ...errors(401, 403, 429),
    }),
    verifyRegistration: post(
      '/passkey/verify-registration',
      'Add a passkey',
      z.object({ response: PasskeyResponse, name: PersonName.optional() }),
      { 200: done('The passkey'), ...errors(400, 401, 403, 409, 422) },
    ),
    authenticateOptions: get('/passkey/generate-authenticate-options', 'Begin to use a passkey', z.object({}), {
      200: done('WebAuthn request options'),
      ...errors(429),
    }),
    verifyAuthentication: post(
      '/passkey/verify-authentication',
      'Sign in with a passkey',
      z.object({ response: PasskeyResponse }),
      { 200: done('Signed in by cookie'), ...errors(400, 401, 403, 422, 429) },
    ),
    listPasskeys: get('/passkey/list-user-passkeys', 'One’s passkeys', z.object({}), {
      200: ok(z.array(z.looseObject({})), 'All of them'),
      ...errors(401),
    }),
    deletePasskey: post('/passkey/delete-passkey', 'Remove a passkey', z.object({ id: z.string().max(200) }), {
      200: done('Removed'),
      ...errors(401, 403, 404, 422),
    }),
    updatePasskey: post(
      '/passkey/update-passkey',
      'Rename a passkey',
      z.object({ id: z.string().max(200), name: PersonName }),
      { 200: done('Renamed'), ...errors(401, 403, 404, 422) },
    ),
    callback: (provider: string) =>
      get(`/callback/${provider}`, 'Where an account elsewhere sends the browser back to', z.looseObject({}), redirect),
  }
}

/**
 * How people sign in, below /api/auth. better-auth does the work; what is not in this table cannot be reached in it, and
 * what is has been checked by our schemas first.
 */
export function authRoutes(deps: Deps) {
  const routes = routesFor(deps)
  const own = ownOrigins(deps.config)
  const table = jsonRoutes()

  table.use('*', async (c, next) => {
    if (c.req.method === 'POST') refuseOtherOrigins(c, own)
    await next()
  })
  table.use('*', strictJsonBody)

  const call = async (c: Context<Env>, path: string, body?: object) => answerOf(c, await callAuth(deps, c, path, body))

  table
    .openapi(routes.signUp, async (c) => {
      const body = c.req.valid('json')
      refuseEmailAsPassword(body.email, body.password, 'password')
      await takeAttempt(deps, [from(c, 'signUp'), mailTo(body.email)])
      return reply(await call(c, '/sign-up/email', body))
    })
    .openapi(routes.signIn, async (c) => {
      const body = c.req.valid('json')
      const takeBack = await takeAttempt(deps, [wrongPasswordsAt(body.email, c.get('address')), from(c, 'password')])
      const answer = await call(c, '/sign-in/email', body).catch(async (error: unknown) => {
        if (error instanceof ApiError && error.code === 'unauthorized') await recordFailedSignIn(deps, c, body.email)
        throw error
      })
      await takeBack()
      return reply(answer)
    })
    .openapi(routes.signInSocial, async (c) => {
      await takeAttempt(deps, [from(c, 'challenge')])
      return reply(await call(c, '/sign-in/social', { ...c.req.valid('json'), disableRedirect: true }))
    })
    .openapi(routes.session, async (c) =>
      reply((await resolvePerson(deps, c)) ? await call(c, '/get-session') : nobody(c)),
    )
    .openapi(routes.signOut, async (c) => reply(await call(c, '/sign-out', {})))
    .openapi(routes.sendVerification, async (c) => {
      const body = c.req.valid('json')
      await takeAttempt(deps, [from(c, 'mail'), mailTo(body.email)])
      return reply(await call(c, '/send-verification-email', body))
    })
    .openapi(routes.verifyEmail, async (c) =>
      reply(await withoutNewSession(c, await follow(c, `/verify-email?${new URLSearchParams(c.req.valid('query'))}`))),
    )
    .openapi(routes.requestReset, async (c) => {
      const body = c.req.valid('json')
      await takeAttempt(deps, [from(c, 'mail'), mailTo(body.email)])
      const [answer] = await Promise.all([call(c, '/request-password-reset', body), sleep(RESET_FLOOR_MS)])
      return reply(answer)
    })
    .openapi(routes.resetLink, async (c) => {
      const path = `/reset-password/${encodeURIComponent(c.req.valid('param').token)}`
      return reply(await follow(c, `${path}?${new URLSearchParams(c.req.valid('query'))}`))
    })
    .openapi(routes.resetPassword, async (c) => {
      const takeBack = await takeAttempt(deps, [from(c, 'link')])
      const answer = await call(c, '/reset-password', c.req.valid('json'))
      await takeBack()
      return reply(answer)
    })
    .openapi(routes.changePassword, async (c) => {
      const body = c.req.valid('json')
      const person = await signedIn(deps, c)
      refuseEmailAsPassword(person.email, body.newPassword, 'newPassword')
      const takeBack = await takeAttempt(deps, [wrongPasswordsOf(person.id)])
      const answer = await call(c, '/change-password', body)
      await takeBack()
      return reply(answer)
    })
    .openapi(routes.updateUser, async (c) => {
      await signedIn(deps, c)
      return reply(await call(c, '/update-user', c.req.valid('json')))
    })
    .openapi(routes.registerOptions, async (c) => {
      await signedIn(deps, c)
      await takeAttempt(deps, [from(c, 'challenge')])
      return reply(await call(c, '/passkey/generate-register-options'))
    })
    .openapi(routes.verifyRegistration, async (c) => {
      await signedIn(deps, c)
      return reply(await call(c, '/passkey/verify-registration', c.req.valid('json')))
    })
    .openapi(routes.authenticateOptions, async (c) => {
      await takeAttempt(deps, [from(c, 'challenge')])
      return reply(await call(c, '/passkey/generate-authenticate-options'))
    })
    .openapi(routes.verifyAuthentication, async (c) => {
      const takeBack = await takeAttempt(deps, [from(c, 'password')])
      const answer = await call(c, '/passkey/verify-authentication', c.req.valid('json'))
      await takeBack()
      return reply(answer)
    })
    .openapi(routes.listPasskeys, async (c) => {
      await signedIn(deps, c)
      return reply(await call(c, '/passkey/list-user-passkeys'))
    })
    .openapi(routes.deletePasskey, async (c) => {
      requireFresh(deps, await signedIn(deps, c))
      return reply(await call(c, '/passkey/delete-passkey', c.req.valid('json')))
    })
    .openapi(routes.updatePasskey, async (c) => {
      await signedIn(deps, c)
      return reply(await call(c, '/passkey/update-passkey', c.req.valid('json')))
    })
  for (const provider of Object.keys(deps.config.socialProviders))
    table.openapi(routes.callback(provider), async (c) => {
      refuseHead(c)
      return reply(await call(c, `/callback/${provider}${new URL(c.req.url).search}`))
    })
  return table

  /** Whose browser it is stays so: a link that somebody else sent must not put them into another's account. */
  async function withoutNewSession(c: Context<Env>, answer: Response): Promise<Response> {
    if (await resolvePerson(deps, c)) answer.headers.delete('Set-Cookie')
    return answer
  }

  /** A link that does not work counts; one that does is nobody's guess. */
  async function follow(c: Context<Env>, path: string): Promise<Response> {
    refuseHead(c)
    const takeBack = await takeAttempt(deps, [from(c, 'link')])
    const answer = await call(c, path)
    if (!/[?&]error=/.test(answer.headers.get('location') ?? '')) await takeBack()
    return answer
  }
}

/** better-auth's own clients ask whether anybody is signed in, and take no for an answer. */
function nobody(c: Context<Env>): Response {
  return respond(c, 'null', 200, { ...NO_STORE, 'Content-Type': 'application/json' })
}

/** For routes whose declared answer a plain `Response` cannot be checked against. */
const reply = (response: Response) => response as never

function from(c: Context<Env>, kind: keyof typeof perAddress): Limit {
  return ofAddress(c.get('address'), kind)
}

/** Scanners of mail ask for a link's head, and must not use it up by that. */
function refuseHead(c: Context<Env>): void {
  if (c.req.raw.method === 'HEAD') throw new ApiError('method_not_allowed', 'Send a GET', { headers: { Allow: 'GET' } })
}

function refuseEmailAsPassword(email: string, password: string, field: string): void {
  const sentence = 'must not be the e-mail address'
  if (password.trim().toLowerCase() === email)
    throw new ApiError('validation_failed', `${field}: ${sentence}`, { fields: { [field]: sentence } })
}

async function signedIn(deps: Deps, c: Context<Env>): Promise<PersonPrincipal> {
  const found = await resolvePerson(deps, c)
  if (!found) throw new ApiError('unauthorized', 'Sign in first')
  return found.person
}

/** One transaction for an address that has no account, too: the time must not tell. */
async function recordFailedSignIn({ db, now: clock }: Deps, c: Context<Env>, email: string): Promise<void> {
  const at = clock()
  await db.write(async ({ trx, record }) => {
    const person = await findPersonByEmail(trx, email)
    if (person?.registered_at == null) return
    const { user_id: target } = person
    const org_id = await findHome(trx, target)
    const detail = { address: c.get('address') }
    record({ at, org_id, actor: 'anonymous', action: 'person.sign_in_failed', target, detail })
  })
}
