import { isAbsolute, normalize } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { SIGNING_ALGS, type SigningAlg } from './crypto/jws.ts'
import type { MasterKey } from './crypto/key-ring.ts'
import { isAllowEntry } from './http/outbound/allow-list.ts'
import { ROLES, type Role } from './storage/schema.ts'

export interface Config {
  production: boolean
  /** Absent: everything in one process. */
  only: Part | undefined
  host: string
  port: number
  /** Public URL of this server, without a trailing slash. Never taken from a request. */
  issuer: string
  databaseUrl: string
  /** Absent: made on the first start, in the data directory. */
  masterKeys: MasterKey[] | undefined
  /** Absent: made on the first start, printed once and kept hashed. */
  adminApiKey: string | undefined
  requireEmailVerification: boolean
  /** Where people may sign in with an account that they have elsewhere. */
  socialProviders: { github?: SocialClient; google?: SocialClient }
  /** Whose word we take for who their users are. */
  trustedIssuers: readonly TrustedIssuer[]
  /** Absent: mail stays in the development inbox. */
  agentMail: { apiKey: string; baseUrl: string } | undefined
  logLevel: (typeof LOG_LEVELS)[number]
  bodyLimitBytes: number
  requestTimes: RequestTimes
  corsOrigins: readonly string[]
  trustedProxies: readonly string[]
  /** Hosts and ranges that we call although they are private, and by http. */
  egressAllow: readonly string[]
  signingAlg: SigningAlg
  /** Pending requests that one address may have open at a time. */
  pendingRequestsPerAddress: number
  lifetimes: Lifetimes
  /** Of one caller, for one connection, in one process: each a minute. */
  connectionLimits: { tokens: number; refreshes: number }
  /** The least that ties a connection's flow to whom it was begun for. */
  sessionBinding: (typeof SESSION_BINDINGS)[number]
  /** Hosts, or `*.` and a domain, that a browser may be sent back to with the outcome of a connection. */
  allowedReturnDomains: readonly string[]
  enforceReturnUrl: boolean
  broker: BrokerConfig
  /** Of one person, by whatever keys and processes. */
  modelCallsPerMinute: number
  chat: ChatConfig
  /** Programs that may be run as MCP servers. */
  mcpStdioCommands: readonly string[]
  /** What the first providers of models are made from, by variable. */
  providerVariables: Readonly<Partial<Record<ProviderVariable, string>>>
}

const PROVIDER_VARIABLES = [
  'OPENAI_API_KEY',
  'ANTHROPIC_API_KEY',
  'AZURE_OPENAI_ENDPOINT',
  'AZURE_TOKEN_ENDPOINT',
  'AZURE_CLIENT_ID',
  'AZURE_CLIENT_SECRET',
  'AZURE_SCOPE',
  'AWS_BEDROCK_REGION',
  'AWS_BEDROCK_ENDPOINT',
  'AWS_BEDROCK_ACCESS_KEY_ID',
  'AWS_BEDROCK_SECRET_ACCESS_KEY',
  'AWS_BEDROCK_SESSION_TOKEN',
  'AWS_BEDROCK_ROLE_ARN',
  'AWS_BEDROCK_TOKEN_ENDPOINT',
  'AWS_BEDROCK_CLIENT_ID',
  'AWS_BEDROCK_CLIENT_SECRET',
  'AWS_BEDROCK_SCOPE',
  'GCP_VERTEX_PROJECT',
  'GCP_VERTEX_LOCATION',
  'GCP_VERTEX_ENDPOINT',
  'GCP_VERTEX_SERVICE_ACCOUNT',
  'GCP_VERTEX_TOKEN_ENDPOINT',
  'GCP_VERTEX_CLIENT_ID',
  'GCP_VERTEX_CLIENT_SECRET',
  'GCP_VERTEX_SCOPE',
  'CCROUTER_PATH',
  'DROID_PATH',
  'FACTORY_API_KEY',
] as const
export type ProviderVariable = (typeof PROVIDER_VARIABLES)[number]

/** What calls of models are given that do not say. */
export interface ChatConfig {
  /** `provider/model`; absent: the first one there is. */
  defaultModel: string | undefined
  fallbackEnabled: boolean
  maxTokens: number
  /** Absent: the provider's. */
  temperature: number | undefined
  /** For all that is tried for one call. */
  timeoutMs: number
  viewersMayChat: boolean
}

/** From none to the strongest. */
export const SESSION_BINDINGS = ['off', 'cookie', 'verifier'] as const

/** What a process of its own can be: connections at other providers, or everything in front of them. */
export const PARTS = ['gateway', 'broker'] as const
export type Part = (typeof PARTS)[number]

export interface BrokerConfig {
  /** For its `X-API-Key`. None: the admin key. */
  keys: readonly string[]
  /** Where browsers come back to from providers, without a trailing slash. */
  publicUrl: string
  /** Who may call it beside those browsers. None: anybody with a key. */
  allowedCidrs: readonly string[]
  /** For a gateway. */
  elsewhere: BrokerElsewhere | undefined
}

export interface BrokerElsewhere {
  /** Without a trailing slash. */
  url: string
  key: string
}

/** What we are called at a social provider. */
export interface SocialClient {
  clientId: string
  clientSecret: string
}

/** An issuer of JWTs outside, whose users call models here. */
export interface TrustedIssuer {
  /** Values of `iss`, matched to the letter. The first is what the issuer is called here. */
  issuers: readonly [string, ...string[]]
  jwksUri: string
  /** Where it is not required, a token may name none; one that it names must be among them all the same. */
  audience: { required: boolean; among: readonly string[] }
  algorithms: readonly string[]
  roleClaim: string
  orgClaim: string
  /** What its roles are called here. */
  roles: Readonly<Record<string, Role>>
  /** Of those who have none of them. */
  defaultRole: Role
}

/** Asymmetric only: with a symmetric one, whoever knows the public key could sign (RFC 8725 §2.1). */
const OUTSIDE_ALGS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const

/** Seconds. */
export interface Lifetimes {
  request: number
  code: number
  accessToken: number
  idToken: number
  refreshToken: number
  /** A sign-in ends after this, however often it was refreshed. */
  grant: number
  /** How long a refresh whose answer was lost can be asked again. */
  refreshReplay: number
  signingKey: number
  /** How long a person may take to consent at a provider. */
  connectionFlow: number
}

const LIFETIMES: Omit<Lifetimes, 'connectionFlow'> = {
  request: 600,
  code: 60,
  accessToken: 3600,
  idToken: 3600,
  refreshToken: 30 * 86_400,
  grant: 365 * 86_400,
  refreshReplay: 30,
  signingKey: 90 * 86_400,
}

/** How long a request may take to come in. What goes out takes as long as it takes. Milliseconds. */
export interface RequestTimes {
  headersMs: number
  /** For a body that is read here, whole. */
  bodyMs: number
  /** For one that is passed on as it comes: then no request is still coming in. */
  uploadMs: number
  /** Between two requests of one connection. */
  keepAliveMs: number
  /** How often it is looked whether anybody is too slow. */
  checkMs: number
}

const REQUEST_TIMES: RequestTimes = {
  headersMs: 20_000,
  bodyMs: 60_000,
  uploadMs: 600_000,
  // Longer than the idle timeout of load balancers (60 s), so that it is never us who close under a request.
  keepAliveMs: 65_000,
  checkMs: 5_000,
}

/** Everything that is wrong with the environment, in sentences that say what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(`The configuration has ${faults.length} fault${faults.length === 1 ? '' : 's'}`)
    this.faults = faults
  }
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
)
const wholeNumber = (low: number, high: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `must be a whole number from ${low} to ${high}`)
    .transform(Number)
    .refine((n) => n >= low && n <= high, `must be from ${low} to ${high}`)
const flag = z.enum(['true', 'false'], 'must be true or false').transform((text) => text === 'true')

const issuer = z.string().transform((text, ctx) => {
  const fault = issuerFault(text)
  if (fault) ctx.addIssue(fault)
  return text.replace(/\/$/, '')
})
const databaseUrl = z
  .string()
  .regex(/^(sqlite:.+|postgres(ql)?:\/\/.+)/, 'must be sqlite:<path>, sqlite::memory: or postgres://user@host/database')
const UNIT_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
const duration = z
  .string()
  .regex(/^\d{1,7}(ms|s|m|h)$/, 'must be a time, such as 30s, 5m or 1h')
  .transform((text) => Number.parseInt(text, 10) * (UNIT_MS[text.replace(/\d+/, '')] ?? 1))
  .refine((ms) => ms >= 1000 && ms <= 86_400_000, 'must be from 1s to 24h')
const cidrs = list.refine((all) => all.every(isCidr), 'must be addresses or CIDR ranges, such as 10.0.0.0/8')
const egress = list.refine(
  (all) => all.every(isAllowEntry),
  'must be hosts, addresses or CIDR ranges, such as localhost, localhost:9000 or 10.0.0.0/8, without http://',
)
const origins = list.refine(
  (all) => all.every((text) => URL.canParse(text) && new URL(text).origin === text),
  'must be origins, such as https://app.example.com, without a path or a slash at the end',
)

const programs = list.refine(
  (all) => all.every((path) => isAbsolute(path) && normalize(path) === path && !path.includes('\0')),
  'must be absolute paths of programs, such as /usr/local/bin/mcp-files, separated by commas',
)

const returnDomains = list.refine(
  (all) => all.every((domain) => /^(\*\.)?[a-z0-9.-]+(:\d{1,5})?$|^\[::1\](:\d{1,5})?$/.test(domain)),
  'must be hosts in lower case, such as app.example.com or *.example.com, without https:// and path',
)
const brokerKeys = list.refine((all) => all.every((key) => key.length >= 16), 'must be keys of at least 16 characters')

const privateUrl = z
  .string()
  .refine(
    (text) => /^https?:\/\/[^/?#@]+\/?$/.test(text) && URL.canParse(text),
    'must be the broker as gateways reach it, such as http://broker.internal:4001, without a path',
  )
  .transform((text) => text.replace(/\/$/, ''))
const serviceUrl = z
  .string()
  .refine(isServiceUrl, 'must be an https URL, such as https://api.agentmail.to (http on loopback only)')
  .transform((text) => text.replace(/\/$/, ''))

const keysUrl = z
  .string('must be the URL of a key set')
  .refine(isServiceUrl, 'must be an https URL of a key set (http on loopback only)')
/** RFC 7519 §4.1.1: a string, compared as it stands. It ends where a subject begins. */
const outsideIssuer = z.string().regex(/^[\x21-\x7b\x7d\x7e]{1,255}$/)
const oneOrMore = (one: z.ZodString, message: string) =>
  z.union([one.transform((value) => [value]), z.array(one).min(1, message)], message)
const claimName = z.string().min(1, 'must not be empty').max(255)
const role = z.enum(ROLES, `must be one of ${ROLES.join(', ')}`)
const OutsideIssuer = z.strictObject({
  issuer: oneOrMore(outsideIssuer, 'must be what stands in iss, or a list of that: visible ASCII, without |'),
  jwks_uri: keysUrl,
  audience: oneOrMore(z.string().min(1), 'must be what stands in aud, or a list of that').optional(),
  algorithms: z
    .array(z.enum(OUTSIDE_ALGS, `must be among ${OUTSIDE_ALGS.join(', ')}`))
    .min(1)
    .default([...OUTSIDE_ALGS]),
  role_claim: claimName.default('role'),
  org_claim: claimName.default('org_id'),
  roles: z.record(z.string(), role).default({ admin: 'admin', member: 'member', viewer: 'viewer' }),
  default_role: role.default('viewer'),
})
const outsideIssuers = z
  .string()
  .transform((text, ctx): unknown => {
    try {
      return JSON.parse(text)
    } catch {
      ctx.addIssue('must be JSON: a list of objects with issuer and jwks_uri')
      return z.NEVER
    }
  })
  .pipe(z.array(OutsideIssuer, 'must be a list of objects with issuer and jwks_uri'))

const Environment = z.object({
  NODE_ENV: z.string().optional(),
  HOST: z.string().default('127.0.0.1'),
  PORT: wholeNumber(0, 65_535).default(4000),
  ISSUER: issuer.optional(),
  DATABASE_URL: databaseUrl.default('sqlite:./data/auth-agent.db'),
  MASTER_KEYS: z.string().transform(parseMasterKeys).optional(),
  ADMIN_API_KEY: z
    .string()
    .min(16, 'must have at least 16 characters; `openssl rand -base64 32` makes a good one')
    .optional(),
  REQUIRE_EMAIL_VERIFICATION: flag.optional(),
  GITHUB_CLIENT_ID: z.string().optional(),
  GITHUB_CLIENT_SECRET: z.string().optional(),
  GOOGLE_CLIENT_ID: z.string().optional(),
  GOOGLE_CLIENT_SECRET: z.string().optional(),
  TRUSTED_ISSUERS: outsideIssuers.default([]),
  WORKOS_CLIENT_ID: z
    .string()
    .regex(/^\w{1,100}$/, 'must be the id of an application at WorkOS, such as client_01...')
    .optional(),
  AUTHKIT_JWKS_URL: keysUrl.optional(),
  AGENTMAIL_API_KEY: z.string().optional(),
  AGENTMAIL_BASE_URL: serviceUrl.default('https://api.agentmail.to'),
  LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('info'),
  BODY_LIMIT_MB: wholeNumber(1, 1024).default(10),
  CORS_ORIGINS: origins.default([]),
  TRUSTED_PROXIES: cidrs.default([]),
  EGRESS_ALLOW: egress.default([]),
  SIGNING_ALG: z.enum(SIGNING_ALGS, `must be one of ${SIGNING_ALGS.join(', ')}`).default('ES256'),
  PENDING_REQUESTS_PER_ADDRESS: wholeNumber(1, 1_000_000).default(1000),
  CONNECTION_FLOW_TTL_S: wholeNumber(1, 86_400).default(600),
  // Above what a busy agent does, below what a loop gone wild does.
  CONNECTION_TOKENS_RPM: wholeNumber(1, 10_000_000).default(12_000),
  CONNECTION_REFRESHES_RPM: wholeNumber(1, 10_000_000).default(60),
  CONNECTION_SESSION_BINDING: z.enum(SESSION_BINDINGS, `must be one of ${SESSION_BINDINGS.join(', ')}`).default('off'),
  ALLOWED_RETURN_DOMAINS: returnDomains.optional(),
  ENFORCE_RETURN_URL: flag.default(true),
  BROKER_API_KEYS: brokerKeys.default([]),
  RATE_LIMIT_RPM: wholeNumber(1, 1_000_000).default(60),
  DEFAULT_AGENT: z.string().max(300).optional(),
  AGENT_FALLBACK_ENABLED: flag.default(true),
  CHAT_MAX_TOKENS: wholeNumber(1, 10_000_000).default(4000),
  CHAT_DEFAULT_TEMPERATURE: z
    .string()
    .regex(/^[0-2](\.\d{1,3})?$/, 'must be a number from 0 to 2')
    .transform(Number)
    .refine((value) => value <= 2, 'must be from 0 to 2')
    .optional(),
  CHAT_TIMEOUT: duration.default(300_000),
  VIEWERS_MAY_CHAT: flag.default(true),
  MCP_STDIO_COMMANDS: programs.default([]),
  BROKER_URL: privateUrl.optional(),
  BROKER_PUBLIC_URL: issuer.optional(),
  BROKER_ALLOWED_CIDRS: cidrs.default([]),
})

/**
 * Reads the environment, and the arguments of `npm run serve --`. Throws a `ConfigError` that names every fault at once.
 */
export function readConfig(env: NodeJS.ProcessEnv, args: readonly string[] = []): Config {
  // An empty variable, as compose files write for "not set", means the default.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const parsed = Environment.safeParse(given)
  const faults = parsed.success ? [] : parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`)
  if (given.NODE_ENV === 'production' && given.MASTER_KEYS === undefined)
    faults.push(
      'MASTER_KEYS is required when NODE_ENV=production: set it to `id:key` with a key from `openssl rand -base64 32`',
    )
  for (const provider of ['GITHUB', 'GOOGLE'] as const)
    for (const [one, other] of [
      ['ID', 'SECRET'],
      ['SECRET', 'ID'],
    ] as const)
      if (given[`${provider}_CLIENT_${one}`] !== undefined && given[`${provider}_CLIENT_${other}`] === undefined)
        faults.push(`${provider}_CLIENT_${other} is required when ${provider}_CLIENT_${one} is set`)
  if (given.AUTHKIT_JWKS_URL !== undefined && given.WORKOS_CLIENT_ID === undefined)
    faults.push('WORKOS_CLIENT_ID is required when AUTHKIT_JWKS_URL is set: its tokens name the application in iss')
  const trustedIssuers = parsed.success ? readTrustedIssuers(parsed.data) : []
  if (parsed.success) faults.push(...issuerFaults(ownUrlOf(parsed.data), trustedIssuers))
  const only = readPart(args, faults)
  if (only === 'gateway') faults.push(...gatewayFaults(given))
  if (!parsed.success || faults.length > 0) throw new ConfigError(faults)

  const { data } = parsed
  const production = data.NODE_ENV === 'production'
  const ownUrl = ownUrlOf(data)
  const brokerKey = data.BROKER_API_KEYS[0] ?? data.ADMIN_API_KEY
  return {
    production,
    only,
    host: data.HOST,
    port: data.PORT,
    issuer: ownUrl,
    databaseUrl: data.DATABASE_URL,
    masterKeys: data.MASTER_KEYS,
    adminApiKey: data.ADMIN_API_KEY,
    requireEmailVerification: data.REQUIRE_EMAIL_VERIFICATION ?? production,
    socialProviders: {
      ...socialClient('github', data.GITHUB_CLIENT_ID, data.GITHUB_CLIENT_SECRET),
      ...socialClient('google', data.GOOGLE_CLIENT_ID, data.GOOGLE_CLIENT_SECRET),
    },
    trustedIssuers,
    agentMail:
      data.AGENTMAIL_API_KEY === undefined
        ? undefined
        : { apiKey: data.AGENTMAIL_API_KEY, baseUrl: data.AGENTMAIL_BASE_URL },
    logLevel: data.LOG_LEVEL,
    bodyLimitBytes: data.BODY_LIMIT_MB * 1024 * 1024,
    requestTimes: REQUEST_TIMES,
    corsOrigins: data.CORS_ORIGINS,
    trustedProxies: data.TRUSTED_PROXIES,
    egressAllow: data.EGRESS_ALLOW,
    signingAlg: data.SIGNING_ALG,
    pendingRequestsPerAddress: data.PENDING_REQUESTS_PER_ADDRESS,
    lifetimes: { ...LIFETIMES, connectionFlow: data.CONNECTION_FLOW_TTL_S },
    connectionLimits: { tokens: data.CONNECTION_TOKENS_RPM, refreshes: data.CONNECTION_REFRESHES_RPM },
    sessionBinding: data.CONNECTION_SESSION_BINDING,
    allowedReturnDomains: data.ALLOWED_RETURN_DOMAINS ?? (production ? [] : [...LOOPBACK_HOSTS]),
    enforceReturnUrl: data.ENFORCE_RETURN_URL,
    modelCallsPerMinute: data.RATE_LIMIT_RPM,
    chat: {
      defaultModel: data.DEFAULT_AGENT,
      fallbackEnabled: data.AGENT_FALLBACK_ENABLED,
      maxTokens: data.CHAT_MAX_TOKENS,
      temperature: data.CHAT_DEFAULT_TEMPERATURE,
      timeoutMs: data.CHAT_TIMEOUT,
      viewersMayChat: data.VIEWERS_MAY_CHAT,
    },
    mcpStdioCommands: data.MCP_STDIO_COMMANDS,
    providerVariables: Object.fromEntries(
      PROVIDER_VARIABLES.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])),
    ),
    broker: {
      keys: data.BROKER_API_KEYS,
      publicUrl: data.BROKER_PUBLIC_URL ?? ownUrl,
      allowedCidrs: data.BROKER_ALLOWED_CIDRS,
      elsewhere:
        only === 'gateway' && data.BROKER_URL !== undefined && brokerKey !== undefined
          ? { url: data.BROKER_URL, key: brokerKey }
          : undefined,
    },
  }
}

type Environment = z.output<typeof Environment>

function ownUrlOf({ ISSUER, PORT }: Environment): string {
  return ISSUER ?? `http://localhost:${PORT}`
}

function readTrustedIssuers(data: Environment): TrustedIssuer[] {
  const own = ownUrlOf(data)
  const named = data.TRUSTED_ISSUERS.map(({ issuer, audience, ...entry }): TrustedIssuer => {
    const [first = '', ...others] = issuer
    return {
      issuers: [first, ...others],
      jwksUri: entry.jwks_uri,
      // Law 9: what was made for somebody else opens nothing here, though nobody said what is made for us.
      audience: { required: audience !== undefined, among: audience ?? [own] },
      algorithms: entry.algorithms,
      roleClaim: entry.role_claim,
      orgClaim: entry.org_claim,
      roles: entry.roles,
      defaultRole: entry.default_role,
    }
  })
  const clientId = data.WORKOS_CLIENT_ID
  return clientId === undefined ? named : [...named, authKit(clientId, own, data.AUTHKIT_JWKS_URL)]
}

/** AuthKit's sessions: no `aud`, two ways to write `iss`, and the application's own keys, which bind its tokens to it. */
function authKit(
  clientId: string,
  own: string,
  jwksUri = `https://api.workos.com/sso/jwks/${clientId}`,
): TrustedIssuer {
  return {
    issuers: [`https://api.workos.com/user_management/${clientId}`, 'https://api.workos.com'],
    jwksUri,
    audience: { required: false, among: [own, clientId] },
    algorithms: ['RS256'],
    roleClaim: 'role',
    orgClaim: 'org_id',
    roles: { admin: 'admin', member: 'member', viewer: 'viewer' },
    defaultRole: 'viewer',
  }
}

/** By its `iss`, a token must lead to one set of keys, and ours to our own. */
function issuerFaults(own: string, trusted: readonly TrustedIssuer[]): string[] {
  const names = trusted.flatMap(({ issuers }) => issuers)
  const repeated = names.filter((name, at) => names.indexOf(name) !== at)
  return [
    ...(names.includes(own)
      ? ['TRUSTED_ISSUERS must not name ISSUER itself: its tokens are verified by our own keys']
      : []),
    ...new Set(
      repeated.map((name) => `TRUSTED_ISSUERS must name ${name} once: who else is meant by it could sign for both`),
    ),
  ]
}

/** `--only gateway|broker`, or nothing. */
function readPart(args: readonly string[], faults: string[]): Part | undefined {
  try {
    const { only } = parseArgs({ args: [...args], options: { only: { type: 'string' } } }).values
    if (only === undefined) return undefined
    const part = PARTS.find((one) => one === only)
    if (part) return part
  } catch {
    // Told below, as an argument that is there and wrong.
  }
  faults.push('serve takes --only gateway or --only broker, and no other argument')
  return undefined
}

/** What a gateway cannot do without. */
function gatewayFaults({ BROKER_URL, BROKER_API_KEYS, ADMIN_API_KEY }: NodeJS.ProcessEnv): string[] {
  return [
    ...(BROKER_URL === undefined ? ['BROKER_URL is required with --only gateway: where the broker listens'] : []),
    ...(BROKER_API_KEYS === undefined && ADMIN_API_KEY === undefined
      ? ['BROKER_API_KEYS is required with --only gateway: one of the keys that the broker has']
      : []),
  ]
}

function socialClient(name: 'github' | 'google', clientId: string | undefined, clientSecret: string | undefined) {
  return clientId === undefined || clientSecret === undefined ? {} : { [name]: { clientId, clientSecret } }
}

export const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** RFC 8414 §2: https, no query, no fragment; http only where the traffic cannot leave the machine. */
function issuerFault(text: string): string | undefined {
  if (!URL.canParse(text)) return 'must be an absolute URL, such as https://auth.example.com'
  const url = new URL(text)
  if (url.search || url.hash || text.endsWith('?') || text.endsWith('#')) return 'must have no query and no fragment'
  if (url.username || url.password) return 'must have no user name or password'
  if (url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK_HOSTS.has(url.hostname))) return undefined
  return 'must use https, unless its host is localhost, 127.0.0.1 or [::1]'
}

function isServiceUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK_HOSTS.has(url.hostname))
}

/** `id:base64[,id:base64]`, unchecked. */
export function readMasterKeys(text: string): MasterKey[] {
  return text.split(',').map((entry) => {
    const [id = '', encoded = ''] = entry.trim().split(/:(.*)/s)
    return { id, key: Buffer.from(encoded, 'base64') }
  })
}

function parseMasterKeys(text: string, ctx: z.RefinementCtx): MasterKey[] {
  const keys = readMasterKeys(text)
  if (keys.some(({ id }) => !/^[A-Za-z0-9_-]{1,32}$/.test(id)))
    ctx.addIssue('must be id:key[,id:key]; an id has letters, digits, - or _')
  if (keys.some(({ key }) => key.length !== 32))
    ctx.addIssue('must hold keys of 32 bytes in base64 (`openssl rand -base64 32`)')
  if (new Set(keys.map(({ id }) => id)).size !== keys.length) ctx.addIssue('must not name two keys alike')
  return keys
}

function isCidr(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  if (rest.length > 0) return false
  const family = address.includes(':') ? 128 : 32
  const valid = family === 128 ? URL.canParse(`http://[${address}]`) : /^\d{1,3}(\.\d{1,3}){3}$/.test(address)
  return valid && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= family))
}
