import { generateKeyPairSync } from 'node:crypto'
import { jwtVerify } from 'jose'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createLogger } from '../src/http/log.ts'
import { createOutbound } from '../src/http/outbound.ts'
import { clientCredentials, OAuth2Client } from '../src/models/token-sources/client-credentials.ts'
import { ServiceAccount, serviceAccount } from '../src/models/token-sources/service-account.ts'
import { AwsKeys, staticKeys } from '../src/models/token-sources/static-keys.ts'
import { TokenFailed, type TokenSource } from '../src/models/token-sources/token-source.ts'
import { WebIdentity, webIdentity } from '../src/models/token-sources/web-identity.ts'
import { startTokenIssuer, type TokenIssuer } from './token-issuer.ts'

const START = Date.parse('2026-06-01T12:00:00Z')
const SECRET = 'canary-secret &=+é/%'
const MINUTE_S = 60

let issuer: TokenIssuer
let time: number
let logged: string[]

beforeEach(async () => {
  issuer = await startTokenIssuer()
  time = START
  logged = []
})
afterEach(() => issuer.stop())

/** The whole log, as an operator has it. */
const log = createLogger('trace', { write: (line) => logged.push(line) })
const random = (bytes: number) => Buffer.alloc(bytes, 0xff)
const worldOf = (allow: readonly string[]) => ({
  now: () => time,
  random,
  log,
  outbound: createOutbound({ allow }),
})
const world = worldOf(['127.0.0.1'])
const wait = (seconds: number) => {
  time += seconds * 1000
}

const clientOf = (changes: object = {}) =>
  OAuth2Client.parse({
    token_url: `${issuer.origin}/token`,
    client_id: 'client:1',
    client_secret: SECRET,
    scope: 'https://cognitiveservices.azure.com/.default',
    ...changes,
  })
const sourceOf = (changes: object = {}) => clientCredentials(world, 'azure', clientOf(changes))

const currentOf = async (source: TokenSource) => (await source.token()).value
async function failureOf(promise: Promise<unknown>): Promise<TokenFailed> {
  const thrown: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(thrown instanceof TokenFailed)) throw new Error(`no TokenFailed but ${thrown}`)
  return thrown
}
const soon = { timeout: 10_000, interval: 1 }
/** What is given once the token was renewed behind everybody's back. */
const renewed = (source: TokenSource, than: string) =>
  vi.waitFor(async () => {
    const value = await currentOf(source)
    expect(value).not.toBe(than)
    return value
  }, soon)
const untilAsked = (times: number) => vi.waitFor(() => expect(issuer.asked).toHaveLength(times), soon)
const untilLogged = (lines: number) => vi.waitFor(() => expect(logged).toHaveLength(lines), soon)

describe('a token is kept', () => {
  test('a hundred callers without one make one request', async () => {
    issuer.delayMs = 20
    const source = sourceOf()
    const tokens = await Promise.all(Array.from({ length: 100 }, () => source.token()))
    expect(new Set(tokens.map(({ value }) => value))).toEqual(new Set(['canary-token-1']))
    expect(tokens[0]?.expiresAt).toBe(START + 3600_000)
    wait(54 * MINUTE_S)
    await source.token()
    expect(issuer.asked).toHaveLength(1)
  })

  test('it is renewed from five minutes before its end, while the old one serves', async () => {
    const source = sourceOf()
    await source.token()
    wait(55 * MINUTE_S - 1)
    await source.token()
    expect(issuer.asked).toHaveLength(1)
    wait(1)
    issuer.delayMs = 50
    const during = await Promise.all(Array.from({ length: 50 }, () => currentOf(source)))
    expect(new Set(during)).toEqual(new Set(['canary-token-1']))
    expect(await renewed(source, 'canary-token-1')).toBe('canary-token-2')
    expect(issuer.asked).toHaveLength(2)
    expect((await source.token()).expiresAt).toBe(time + 3600_000)
  })

  test('one that lives for less than ten minutes is renewed at half of its life', async () => {
    issuer.expiresIn = '300'
    const source = sourceOf()
    await source.token()
    wait(149)
    await source.token()
    expect(issuer.asked).toHaveLength(1)
    wait(1)
    expect(await currentOf(source)).toBe('canary-token-1')
    expect(await renewed(source, 'canary-token-1')).toBe('canary-token-2')
    expect((await source.token()).expiresAt).toBe(START + 150_000 + 300_000)
  })

  test.each([[undefined], [0], [-1], ['soon'], [null]])(
    'for five minutes, where its life is said to be %s',
    async (said) => {
      issuer.expiresIn = said
      expect((await sourceOf().token()).expiresAt).toBe(START + 300_000)
    },
  )

  test('for a day at most, whatever is said', async () => {
    issuer.expiresIn = 1e12
    expect((await sourceOf().token()).expiresAt).toBe(START + 86_400_000)
  })

  test('who gives up leaves the request to the others', async () => {
    issuer.delayMs = 50
    const source = sourceOf()
    const leaving = new AbortController()
    const left = source.token(leaving.signal)
    const stays = source.token()
    await untilAsked(1)
    leaving.abort(new Error('the caller went away'))
    await expect(left).rejects.toThrow('the caller went away')
    expect((await stays).value).toBe('canary-token-1')
    await expect(source.token(leaving.signal)).rejects.toThrow('the caller went away')
    expect(issuer.asked).toHaveLength(1)
  })

  test('the request is good for those who come later, when all have given up', async () => {
    issuer.delayMs = 50
    const source = sourceOf()
    const leaving = new AbortController()
    const left = source.token(leaving.signal)
    await untilAsked(1)
    leaving.abort(new Error('the caller went away'))
    await expect(left).rejects.toThrow()
    expect(await currentOf(source)).toBe('canary-token-1')
    expect(issuer.asked).toHaveLength(1)
  })
})

describe('while the identity provider is out', () => {
  test('the old token serves to its end, and the provider is asked less and less', async () => {
    const source = sourceOf()
    await source.token()
    wait(55 * MINUTE_S)
    issuer.down = { status: 503, body: 'canary-secret' }
    expect(await currentOf(source)).toBe('canary-token-1')
    await untilLogged(1)
    const waits = [1, 2, 4, 8, 16, 32, 60, 60, 60]
    for (const [tries, seconds] of waits.entries()) {
      wait(seconds - 0.5)
      expect(await currentOf(source)).toBe('canary-token-1')
      wait(0.5)
      expect(await currentOf(source)).toBe('canary-token-1')
      await untilLogged(tries + 2)
    }
    expect(issuer.asked).toHaveLength(1 + 1 + waits.length)
    expect(JSON.parse(logged[0] ?? '')).toMatchObject({
      level: 'error',
      source: 'azure',
      reason: 'unavailable',
      why: 'The token endpoint answers 503',
      in_use: true,
    })
    wait(300)
    expect((await failureOf(source.token())).reason).toBe('unavailable')
  })

  test('callers without a token are told so at once, until it is time to try again', async () => {
    issuer.down = 'hang up'
    const source = sourceOf()
    const first = await Promise.all(Array.from({ length: 20 }, () => failureOf(source.token())))
    expect(first.every(({ reason }) => reason === 'unavailable')).toBe(true)
    expect((await failureOf(source.token())).retryAfterMs).toBe(1000)
    expect(issuer.asked).toHaveLength(1)
    issuer.down = undefined
    wait(1)
    expect(await currentOf(source)).toBe('canary-token-2')
  })

  test('its Retry-After is honoured', async () => {
    issuer.down = { status: 429, body: {}, headers: { 'retry-after': '30' } }
    const source = sourceOf()
    expect((await failureOf(source.token())).retryAfterMs).toBe(30_000)
    issuer.down = undefined
    wait(29)
    await failureOf(source.token())
    expect(issuer.asked).toHaveLength(1)
    wait(1)
    expect(await currentOf(source)).toBe('canary-token-2')
  })

  test('what comes back renews the token at the next try', async () => {
    const source = sourceOf()
    await source.token()
    wait(55 * MINUTE_S)
    issuer.down = 'hang up'
    await source.token()
    await untilLogged(1)
    issuer.down = undefined
    expect(await currentOf(source)).toBe('canary-token-1')
    expect(issuer.asked).toHaveLength(2)
    wait(1)
    expect(await renewed(source, 'canary-token-1')).toBe('canary-token-3')
  })
})

describe('a token that the upstream refuses', () => {
  test('is replaced once, however many callers were refused', async () => {
    const source = sourceOf()
    const value = await currentOf(source)
    for (let caller = 0; caller < 50; caller++) source.refused(value)
    const others = await Promise.all(Array.from({ length: 50 }, () => currentOf(source)))
    expect(new Set(others)).toEqual(new Set(['canary-token-2']))
    // Late news of the first.
    source.refused(value)
    expect(await currentOf(source)).toBe('canary-token-2')
    expect(issuer.asked).toHaveLength(2)
  })

  test('is not replaced again and again', async () => {
    const source = sourceOf()
    for (let call = 0; call < 20; call++) source.refused(await currentOf(source))
    expect(issuer.asked).toHaveLength(2)
    wait(30)
    source.refused(await currentOf(source))
    expect(await currentOf(source)).toBe('canary-token-3')
  })

  test('is given all the same while there is no other', async () => {
    const source = sourceOf()
    const value = await currentOf(source)
    issuer.down = 'hang up'
    source.refused(value)
    expect(await currentOf(source)).toBe(value)
    issuer.down = undefined
    wait(1)
    expect(await currentOf(source)).toBe('canary-token-3')
  })
})

describe('client credentials', () => {
  test('go in the body, or in a header', async () => {
    await sourceOf().token()
    await sourceOf({ token_endpoint_auth_method: 'client_secret_basic', scope: undefined }).token()
    const [post, basic] = issuer.asked
    expect(Object.fromEntries(post?.form ?? [])).toEqual({
      grant_type: 'client_credentials',
      scope: 'https://cognitiveservices.azure.com/.default',
      client_id: 'client:1',
      client_secret: SECRET,
    })
    expect(post?.headers.authorization).toBeUndefined()
    expect(Object.fromEntries(basic?.form ?? [])).toEqual({ grant_type: 'client_credentials' })
    // RFC 6749 §2.3.1 and appendix B.
    const encoded = Buffer.from(basic?.headers.authorization?.slice('Basic '.length) ?? '', 'base64').toString()
    expect(encoded).toBe('client%3A1:canary-secret+%26%3D%2B%C3%A9%2F%25')
  })

  test.each([
    [
      { status: 400, body: { error: 'invalid_scope' } },
      'misconfigured',
      'The token endpoint answers 400 invalid_scope',
    ],
    [
      { status: 401, body: { error: 'invalid_client' } },
      'misconfigured',
      'The token endpoint answers 401 invalid_client',
    ],
    [
      { status: 401, body: { error: SECRET, error_description: SECRET } },
      'misconfigured',
      'The token endpoint answers 401',
    ],
    [
      { status: 302, body: '', headers: { location: 'http://127.0.0.1/' } },
      'misconfigured',
      'The token endpoint answers 302',
    ],
    [{ status: 200, body: '<html>' }, 'misconfigured', 'The token endpoint answers 200 without an access token'],
    [
      { status: 200, body: { access_token: 'a\nb' } },
      'misconfigured',
      'The token endpoint answers 200 without an access token',
    ],
    [{ status: 200, body: 'null' }, 'misconfigured', 'The token endpoint answers 200 without an access token'],
    [
      { status: 400, body: { error: 'temporarily_unavailable' } },
      'unavailable',
      'The token endpoint answers 400 temporarily_unavailable',
    ],
    [{ status: 500, body: SECRET }, 'unavailable', 'The token endpoint answers 500'],
    [
      { status: 200, body: 'x'.repeat(300_000) },
      'unavailable',
      'The call to 127.0.0.1 failed: its answer is too large',
    ],
    ['hang up', 'unavailable', 'The call to 127.0.0.1 failed: the connection ended before the answer did (ECONNRESET)'],
  ] as const)('a fault is told apart, and nothing of it repeated: %#', async (said, reason, message) => {
    issuer.down = said
    expect(await failureOf(sourceOf().token())).toMatchObject({ reason, message })
  })

  test('a private address is not called unless the operator allows it', async () => {
    const guarded = clientCredentials(worldOf([]), 'azure', clientOf())
    expect(await failureOf(guarded.token())).toMatchObject({ reason: 'misconfigured' })
    expect(issuer.asked).toEqual([])
  })
})

describe('a service account', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const keyFile = () => ({
    type: 'service_account',
    project_id: 'acme',
    private_key_id: 'key-1',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    client_email: 'models@acme.iam.gserviceaccount.com',
    token_uri: `${issuer.origin}/token`,
  })

  test('signs for itself, with our clock', async () => {
    const source = serviceAccount(world, 'vertex', ServiceAccount.parse(keyFile()))
    expect(await currentOf(source)).toBe('canary-token-1')
    const { form } = issuer.asked[0] ?? {}
    expect(form?.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer')
    const { payload, protectedHeader } = await jwtVerify(form?.get('assertion') ?? '', publicKey, {
      algorithms: ['RS256'],
      currentDate: new Date(time),
    })
    expect(protectedHeader).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'key-1' })
    expect(payload).toEqual({
      iss: 'models@acme.iam.gserviceaccount.com',
      sub: 'models@acme.iam.gserviceaccount.com',
      aud: `${issuer.origin}/token`,
      scope: 'https://www.googleapis.com/auth/cloud-platform',
      iat: START / 1000,
      exp: START / 1000 + 3600,
    })
  })

  test('signs anew for every token', async () => {
    const source = serviceAccount(world, 'vertex', ServiceAccount.parse(keyFile()))
    await source.token()
    wait(3600)
    await source.token()
    const [one, other] = issuer.asked.map(({ form }) => form.get('assertion'))
    expect(one).not.toBe(other)
  })

  test('needs a key that RS256 takes', () => {
    const pemOf = (key: ReturnType<typeof generateKeyPairSync>['privateKey']) =>
      key.export({ type: 'pkcs8', format: 'pem' }).toString()
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
    const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    for (const private_key of ['', 'canary', pemOf(weak), pemOf(curve)])
      expect(ServiceAccount.safeParse({ ...keyFile(), private_key }).error?.issues[0]?.message).toMatch(
        /^must be an RSA/,
      )
  })
})

describe('web identity', () => {
  const ROLE = 'arn:aws:iam::123456789012:role/models'
  const roleOf = () =>
    WebIdentity.parse({ region: 'eu-west-1', role_arn: ROLE, oauth2: clientOf(), sts_url: `${issuer.origin}/sts` })
  const sourceOf = () => webIdentity(world, 'bedrock', roleOf())
  const stsError = (status: number, code: string) => ({
    status,
    body: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${SECRET}</Message></Error></ErrorResponse>`,
  })
  const credentials = (number: number, lifeS = 3600) => ({
    status: 200,
    body: `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult>
    <SubjectFromWebIdentityToken>client:1</SubjectFromWebIdentityToken>
    <AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/models/auth-agent</Arn></AssumedRoleUser>
    <Credentials>
      <SessionToken>canary/session+${number}&amp;==</SessionToken>
      <SecretAccessKey>canary-secret-key-${number}</SecretAccessKey>
      <Expiration>${new Date(time + lifeS * 1000).toISOString()}</Expiration>
      <AccessKeyId>ASIA000000000000000${number}</AccessKeyId>
    </Credentials>
  </AssumeRoleWithWebIdentityResult>
</AssumeRoleWithWebIdentityResponse>`,
  })
  const askedOfSts = () => issuer.asked.filter(({ url }) => url === '/sts')
  /** What the token service says, in order; the last of it from then on. */
  function sts(...said: { status: number; body: string }[]) {
    issuer.answer = (asked) => {
      if (asked.url === '/sts') return said[Math.min(askedOfSts().length, said.length) - 1] as (typeof said)[0]
      const number = issuer.asked.filter(({ url }) => url === '/token').length
      return { status: 200, body: { access_token: `canary-jwt-${number}`, expires_in: 3600 } }
    }
  }

  test('a JWT of our identity provider gets temporary credentials', async () => {
    sts(credentials(1))
    const source = sourceOf()
    const tokens = await Promise.all(Array.from({ length: 100 }, () => source.token()))
    expect(tokens[99]).toEqual({
      value: {
        accessKeyId: 'ASIA0000000000000001',
        secretAccessKey: 'canary-secret-key-1',
        sessionToken: 'canary/session+1&==',
      },
      expiresAt: START + 3600_000,
    })
    expect(issuer.asked.map(({ url }) => url)).toEqual(['/token', '/sts'])
    expect(Object.fromEntries(askedOfSts()[0]?.form ?? [])).toEqual({
      Action: 'AssumeRoleWithWebIdentity',
      Version: '2011-06-15',
      RoleArn: ROLE,
      RoleSessionName: 'auth-agent',
      DurationSeconds: '3600',
      WebIdentityToken: 'canary-jwt-1',
    })
  })

  test('credentials that the upstream refuses are replaced, once', async () => {
    sts(credentials(1), credentials(2))
    const source = sourceOf()
    const { value } = await source.token()
    source.refused(value)
    source.refused(value)
    expect((await source.token()).value.accessKeyId).toBe('ASIA0000000000000002')
    expect(askedOfSts()).toHaveLength(2)
  })

  test.each(['ExpiredTokenException', 'InvalidIdentityToken'])('after %s, a new JWT is tried', async (code) => {
    sts(stsError(400, code), credentials(2))
    expect((await sourceOf().token()).value.accessKeyId).toBe('ASIA0000000000000002')
    expect(askedOfSts().map(({ form }) => form.get('WebIdentityToken'))).toEqual(['canary-jwt-1', 'canary-jwt-2'])
  })

  test.each([
    [stsError(403, 'AccessDenied'), 'misconfigured', 'The AWS token service answers 403 AccessDenied'],
    [stsError(400, 'InvalidIdentityToken'), 'misconfigured', 'The AWS token service answers 400 InvalidIdentityToken'],
    [stsError(400, 'IDPCommunicationError'), 'unavailable', 'The AWS token service answers 400 IDPCommunicationError'],
    [stsError(400, 'Throttling'), 'unavailable', 'The AWS token service answers 400 Throttling'],
    [stsError(400, SECRET), 'misconfigured', 'The AWS token service answers 400'],
    [{ status: 503, body: '' }, 'unavailable', 'The AWS token service answers 503'],
    [{ status: 200, body: '<html>' }, 'misconfigured', 'The AWS token service answers 200 without credentials'],
  ])('a fault is told apart, and nothing of it repeated: %#', async (said, reason, message) => {
    sts(said)
    expect(await failureOf(sourceOf().token())).toMatchObject({ reason, message })
  })

  test('the identity provider’s outage is told as what it is', async () => {
    issuer.down = 'hang up'
    expect((await failureOf(sourceOf().token())).reason).toBe('unavailable')
  })

  test('a region cannot lead anywhere else', () => {
    for (const region of ['evil.example/', 'us-east-1.evil.example', 'us-east-1@evil', '', 'US-EAST-1'])
      expect(WebIdentity.safeParse({ ...roleOf(), region }).success).toBe(false)
    for (const region of ['us-east-1', 'us-gov-west-1', 'cn-north-1', 'ap-southeast-12'])
      expect(WebIdentity.safeParse({ ...roleOf(), region }).success).toBe(true)
  })
})

test('keys of an AWS user are what they are', async () => {
  const keys = AwsKeys.parse({ region: 'us-east-1', access_key_id: 'AKIDEXAMPLE00000', secret_access_key: 'secret' })
  const source = staticKeys(keys)
  const token = await source.token()
  expect(token).toEqual({
    value: { accessKeyId: 'AKIDEXAMPLE00000', secretAccessKey: 'secret' },
    expiresAt: Number.POSITIVE_INFINITY,
  })
  source.refused(token.value)
  expect(await source.token()).toEqual(token)
  await expect(source.token(AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone')
})

test('no secret is in a URL, a log or an error', async () => {
  const source = sourceOf()
  const value = await currentOf(source)
  for (const said of ['hang up', { status: 500, body: `${SECRET} ${value}` }] as const) {
    issuer.down = said
    source.refused(value)
    wait(3600)
    const failed = await failureOf(source.token())
    expect(`${failed.message} ${failed.stack} ${JSON.stringify(failed)}`).not.toContain('canary')
    expect(failed.cause).toBeUndefined()
  }
  expect(logged).toHaveLength(2)
  expect(logged.join()).not.toContain('canary')
  expect(issuer.asked.map(({ url }) => url).join()).not.toContain('canary')
})
