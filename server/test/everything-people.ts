import { randomUUID } from 'node:crypto'
import type { TestServer } from './harness.ts'
import { follow, resetLink, verificationLink } from './people.ts'

/** The same for people: signing up and in, links by mail, invitations, keys, each rightly and wrongly. */
export async function everythingOfPeople(server: TestServer, keep: (name: string, value: unknown) => void) {
  const keepSession = (name: string, jar: ReadonlyMap<string, string>) => {
    const cookie = decodeURIComponent([...jar.values()].find((value) => value.includes('.')) ?? '')
    keep(`${name} cookie`, cookie)
    keep(`${name} session token`, cookie.split('.')[0])
  }
  const password = `password ${randomUUID()}`
  const newPassword = `password ${randomUUID()}`
  keep('password', password)
  keep('new password', newPassword)
  const email = 'people@example.com'
  const person = await server.person({ name: 'Pea Ple', email, password })
  keepSession('sign-up', person.jar)

  const wrong = `wrong ${randomUUID()}`
  keep('wrong password', wrong)
  await person.send('POST', '/api/auth/sign-in/email', { email, password: wrong })
  await person.send('POST', '/api/auth/sign-in/email', { email: password, password: wrong })
  await person.send('POST', '/api/me/reauthenticate', { password: wrong })
  await person.send('POST', '/api/me/reauthenticate', { password })
  await person.send('POST', '/api/auth/change-password', { currentPassword: wrong, newPassword: password })
  await person.send('POST', '/api/auth/sign-in/email', { email, password })
  keepSession('sign-in', person.jar)

  const verification = await verificationLink(server, email)
  keep('verification token', new URL(verification).searchParams.get('token'))
  await follow(server, verification, person.cookies())
  await follow(server, verification.replace('token=', 'token=x'))
  const key = await person.send('POST', '/api/api-keys', { name: 'k', scopes: ['manage'] })
  keep('API key', key.body.api_key)
  const ownKey = `sk-own-${randomUUID()}`
  keep('own key at a provider', ownKey)
  await server.admin('POST', '/model-providers', { id: 'openai', kind: 'openai', models: [{ id: 'gpt-5' }] })
  await person.send('PUT', '/api/provider-keys/openai', { api_key: ownKey })
  await person.send('PUT', '/api/provider-keys/openai', { api_key: `${ownKey} x` })
  await person.get('/api/provider-keys/openai')
  await server.request('/api/members', { headers: { authorization: `Bearer ${key.body.api_key}` } })

  const guest = await server.person({ name: 'Guest', email: 'guest@example.com', password })
  keepSession('guest', guest.jar)
  for (const accepted of [true, false]) {
    const { body } = await person.send('POST', '/api/invitations', { email: guest.email, role: 'viewer' })
    const token = new URL(body.link).searchParams.get('token')
    keep(`invitation token ${accepted}`, token)
    await server.request(`/api/invitations/by-token?token=${token}`)
    if (accepted) await guest.send('POST', '/api/invitations/accept', { token })
    if (accepted) await person.send('DELETE', `/api/members/${guest.id}`)
  }

  for (const used of [true, false]) {
    await person.send('POST', '/api/auth/request-password-reset', { email })
    server.wait(1)
    const link = await resetLink(server, email)
    const token = new URL(link).pathname.split('/').at(-1)
    keep(`reset token ${used}`, token)
    await follow(server, link)
    if (used) await person.send('POST', '/api/auth/reset-password', { token, newPassword })
  }
  await person.send('POST', '/api/auth/sign-in/email', { email, password: newPassword })
  keepSession('after the reset', person.jar)
  await person.get('/api/auth/passkey/generate-register-options')
  await person.send('POST', '/api/auth/passkey/verify-registration', { response: { id: wrong, response: {} } })
  keep('challenge token', decodeURIComponent(person.jar.get('auth-agent.better-auth-passkey') ?? '').split('.')[0])
}
