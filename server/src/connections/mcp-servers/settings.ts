import { z } from 'zod'
import { isProviderUrl } from '../provider-settings.ts'

export const TRANSPORTS = ['streamable-http', 'sse', 'stdio'] as const
export const AUTH_WAYS = ['none', 'headers', 'oauth'] as const

const text = (max: number) => z.string().trim().min(1, 'must not be empty').max(max)

const url = z
  .string()
  .max(2048)
  .refine(isProviderUrl, 'must be an https URL without user name and fragment (http on loopback only)')

/** What the protocol itself says there, and what a proxy in front would take for its own. */
const RESERVED_HEADERS =
  /^(host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|accept|accept-encoding|content-.*|proxy-.*|mcp-.*|last-event-id)$/

const headerName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/, 'must be the name of a header')
  .refine((name) => !RESERVED_HEADERS.test(name.toLowerCase()), 'must not be a header that the protocol sets')

/** What would have a program that is allowed run another one. */
const RESERVED_VARIABLES =
  /^(LD_.*|DYLD_.*|NODE_OPTIONS|NODE_PATH|BASH_ENV|ENV|SHELLOPTS|IFS|PATH|HOME|TMPDIR|PYTHONPATH|PYTHONSTARTUP|PYTHONHOME|PERL5.*|RUBY.*|GIT_.*|AUTH_AGENT_.*)$/

const variableName = z
  .string()
  .regex(/^[A-Za-z_]\w{0,99}$/, 'must be the name of a variable')
  .refine((name) => !RESERVED_VARIABLES.test(name.toUpperCase()), 'must not be a variable that changes what is run')

/** Null: as it is. */
const secrets = (name: z.ZodType<string>, value: z.ZodType<string>) =>
  z.record(name, value.nullable()).refine((all) => Object.keys(all).length <= 30, 'must be at most 30')

const OAuth = z.object({
  client_id: text(1000).optional(),
  /** Null: there is none. */
  client_secret: text(10_000).nullable().optional(),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,500}$/, 'must be scope tokens'))
    .max(100)
    .optional(),
  authorization_server: url.optional(),
})

/** `POST /api/v1/mcp/servers`; PUT takes the same, whole, but for secrets that are left out: these stay. */
export const NewMcpServer = z
  .object({
    name: text(100).regex(/^[^\p{Cc}]*$/u, 'must hold no control characters'),
    /** Left out: as the rest tells. `http` is what configurations of clients call it. */
    transport: z
      .enum([...TRANSPORTS, 'http'])
      .transform((given) => (given === 'http' ? 'streamable-http' : given))
      .optional(),
    url: url.optional(),
    headers: secrets(
      headerName,
      z.string().regex(/^[\x21-\x7e]([\x20-\x7e]{0,8190}[\x21-\x7e])?$/, 'must be ASCII, without blanks around it'),
    ).optional(),
    /** Left out: as the rest tells. */
    auth: z.enum(AUTH_WAYS).optional(),
    oauth: OAuth.optional(),
    command: text(1000).optional(),
    args: z.array(z.string().max(4000)).max(100).optional(),
    env: secrets(variableName, z.string().max(8192)).optional(),
    enabled: z.boolean().default(true),
    timeout_ms: z.int().min(500).max(60_000).optional(),
  })
  .transform(({ transport, ...given }) => ({
    ...given,
    transport: transport ?? (given.command === undefined ? ('streamable-http' as const) : ('stdio' as const)),
  }))
export type NewMcpServer = z.output<typeof NewMcpServer>

/** What is kept about a server in the clear. */
export interface McpServerSettings {
  transport: (typeof TRANSPORTS)[number]
  url?: string
  auth: (typeof AUTH_WAYS)[number]
  oauth?: { client_id?: string; scopes?: string[]; authorization_server?: string }
  command?: string
  args?: string[]
  timeout_ms?: number
  /** What is sealed. */
  header_names: string[]
  env_names: string[]
  has_client_secret: boolean
}

/** What is sealed about it, and never read back. */
export interface McpServerSecrets {
  headers: Record<string, string>
  env: Record<string, string>
  client_secret?: string
}
