import { z } from 'zod'
import { cachedToken, type TokenWorld } from './cached-token.ts'
import { clientCredentials, OAuth2Client } from './client-credentials.ts'
import { AwsRegion } from './static-keys.ts'
import { type EndpointAnswer, isPassing, postForm, type TokenRequestWorld } from './token-endpoint.ts'
import { type AwsCredentials, type Token, TokenFailed, type TokenSource } from './token-source.ts'

const SESSION_NAME = 'auth-agent'
const LIFE_S = 3600

/** A role in AWS that trusts an identity provider where we are a client (contract, Models: `aws`). */
export const WebIdentity = z.object({
  region: AwsRegion,
  role_arn: z.string().regex(/^arn:aws[\w-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,576}$/, 'must be the ARN of a role'),
  oauth2: OAuth2Client,
  /** In the place of the region's own. */
  sts_url: z
    .url({ protocol: /^https?$/, error: 'must be the URL of a token service' })
    .max(2000)
    .optional(),
})
export type WebIdentity = z.output<typeof WebIdentity>

/** Our client's JWT there is exchanged for temporary credentials: AWS STS, AssumeRoleWithWebIdentity. */
export function webIdentity(
  world: TokenWorld & TokenRequestWorld,
  name: string,
  role: WebIdentity,
): TokenSource<AwsCredentials> {
  const identity = clientCredentials(world, `${name} identity`, role.oauth2)
  return cachedToken(world, name, () => assumeRole(world, role, identity))
}

async function assumeRole(world: TokenRequestWorld, role: WebIdentity, identity: TokenSource) {
  const { value: jwt } = await identity.token()
  const answer = await askForCredentials(world, role, jwt)
  if (answer.status === 200) return readCredentials(answer.text)
  if (!REFUSED_IDENTITY.has(errorCodeOf(answer) ?? '')) throw refusal(answer)

  // It may have ended on the way, or its keys were changed: a new one decides.
  identity.refused(jwt)
  const again = await askForCredentials(world, role, (await identity.token()).value)
  if (again.status === 200) return readCredentials(again.text)
  throw refusal(again)
}

/** Needs no signature: the JWT is all the proof there is. */
function askForCredentials(world: TokenRequestWorld, { region, role_arn, sts_url }: WebIdentity, jwt: string) {
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'
  return postForm(world, {
    url: sts_url ?? `https://sts.${region}.${suffix}/`,
    headers: { accept: 'application/xml' },
    parameters: {
      Action: 'AssumeRoleWithWebIdentity',
      Version: '2011-06-15',
      RoleArn: role_arn,
      RoleSessionName: SESSION_NAME,
      DurationSeconds: String(LIFE_S),
      WebIdentityToken: jwt,
    },
  })
}

function readCredentials(xml: string): Token<AwsCredentials> {
  const accessKeyId = textIn(xml, 'AccessKeyId')
  const secretAccessKey = textIn(xml, 'SecretAccessKey')
  const sessionToken = textIn(xml, 'SessionToken')
  const expiresAt = Date.parse(textIn(xml, 'Expiration') ?? '')
  if (!accessKeyId || !secretAccessKey || !sessionToken || Number.isNaN(expiresAt))
    throw new TokenFailed('misconfigured', 'The AWS token service answers 200 without credentials')
  return { value: { accessKeyId, secretAccessKey, sessionToken }, expiresAt }
}

/** Of our JWT, as against of the role. */
const REFUSED_IDENTITY: ReadonlySet<string> = new Set(['ExpiredTokenException', 'InvalidIdentityToken'])
/** AWS says these with a status of 400, too. */
const PASSING_CODES: ReadonlySet<string> = new Set([
  'IDPCommunicationError',
  'InternalFailure',
  'RequestLimitExceeded',
  'ServiceUnavailable',
  'Throttling',
  'ThrottlingException',
])

function refusal(answer: EndpointAnswer): TokenFailed {
  const { status, retryAfterMs } = answer
  const code = errorCodeOf(answer)
  const passes = isPassing(status) || PASSING_CODES.has(code ?? '')
  return new TokenFailed(
    passes ? 'unavailable' : 'misconfigured',
    `The AWS token service answers ${code === undefined ? status : `${status} ${code}`}`,
    passes ? retryAfterMs : undefined,
  )
}

function errorCodeOf({ text }: EndpointAnswer): string | undefined {
  const code = textIn(text, 'Code')
  return code !== undefined && /^[A-Za-z.]{1,60}$/.test(code) ? code : undefined
}

/** The text of an element that stands once in the answers of STS, none of which has attributes or a prefix. */
function textIn(xml: string, element: string): string | undefined {
  const [, text] = new RegExp(`<${element}>\\s*([^<]*?)\\s*</${element}>`).exec(xml) ?? []
  return text?.replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => ENTITIES[name] ?? '')
}

/** XML 1.0 §4.6. */
const ENTITIES: Record<string, string> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' }
