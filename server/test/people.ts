import { type Answer, ISSUER, type TestServer } from './harness.ts'

export const PASSWORD = 'correct horse battery'

let callers = 0
/** One that nobody has called from lately: limits by address stay out of the way. */
export const address = () => `203.0.113.${callers++ % 250}`

/** A call below /api/auth, from somewhere else each time. */
export function auth(server: TestServer, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const init = {
    method: body === undefined ? 'GET' : 'POST',
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }
  return server.request(`/api/auth${path}`, init, address())
}

export const cookiesOf = (answer: Answer) =>
  answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ')
export const signUp = (server: TestServer, email: string, extra: object = {}) =>
  auth(server, '/sign-up/email', { name: 'Grace Hopper', email, password: PASSWORD, ...extra })
export const signIn = (server: TestServer, email: string, password = PASSWORD) =>
  auth(server, '/sign-in/email', { email, password })
export const me = (server: TestServer, cookie: string) => server.request('/api/me', { headers: { cookie } })

/** The link of the last mail of that subject. */
export async function linkTo(server: TestServer, email: string, subject: RegExp): Promise<string> {
  const { body } = await server.admin('GET', `/dev-inbox?to=${encodeURIComponent(email)}`)
  const mail = body.data.find((one: { subject: string }) => subject.test(one.subject))
  if (!mail) throw new Error(`no mail to ${email} about ${subject}: ${JSON.stringify(body)}`)
  return mail.links[0]
}
export const verificationLink = (server: TestServer, email: string) => linkTo(server, email, /confirm/i)
export const resetLink = (server: TestServer, email: string) => linkTo(server, email, /new password/i)

/** Follows a link of a mail to where it ends. */
export async function follow(server: TestServer, link: string, cookie = ''): Promise<Answer & { location: URL }> {
  const answer = await server.request(link, { headers: { cookie } }, address())
  return { ...answer, location: new URL(answer.headers.get('location') ?? 'none:', ISSUER) }
}
