import type { HttpBindings } from '@hono/node-server'
import type { Auth } from './accounts/auth.ts'
import type { TrustedIssuers } from './accounts/trusted-issuers.ts'
import type { Config } from './config.ts'
import type { BrokerLink } from './connections/broker-link.ts'
import type { CallLimits } from './connections/call-limits.ts'
import type { ProviderDocuments } from './connections/provider-documents.ts'
import type { Provider } from './connections/providers/provider.ts'
import type { KeyRing } from './crypto/key-ring.ts'
import type { Random } from './crypto/random.ts'
import type { ClientAddress } from './http/client-address.ts'
import type { Logger } from './http/log.ts'
import type { Metrics } from './http/metrics.ts'
import type { Outbound } from './http/outbound.ts'
import type { SigningKeys } from './identity/signing-keys.ts'
import type { RefusalTally } from './models/refusal-tally.ts'
import type { CallSoFar } from './models/refusals.ts'
import type { ModelRegistry } from './models/registry.ts'
import type { Programs } from './processes/programs.ts'
import type { Breaker, Breakers } from './resilience/breaker.ts'
import type { SingleFlight } from './resilience/single-flight.ts'
import type { Slots } from './resilience/slots.ts'
import type { Database } from './storage/database.ts'
import type { Role } from './storage/schema.ts'

/** The world as the server sees it. Everything that a test may want to replace comes in here. */
export interface Deps {
  config: Config
  db: Database
  ring: KeyRing
  signingKeys: SigningKeys
  random: Random
  /** Epoch milliseconds. */
  now: () => number
  log: Logger
  metrics: Metrics
  clientAddress: ClientAddress
  /** The organization that whatever the operator makes belongs to. */
  orgId: string
  /** Keyed hash of the operator's key. */
  adminKeyHash: string
  /** People's accounts: better-auth, over our own tables. */
  auth: Auth
  /** Who else vouches for people. */
  trustedIssuers: TrustedIssuers
  /** The way out: what people and agents point us at is called through here only. */
  outbound: Outbound
  /** Where the connections are, when they are in a process of their own. */
  broker: BrokerLink | undefined
  /** What providers publish about themselves. */
  providerDocuments: ProviderDocuments
  /** Who serves which model. */
  models: ModelRegistry
  /** Of models at providers. */
  modelBreakers: Breakers
  /** Calls of models that were refused, beyond what is told one by one. */
  modelRefusals: RefusalTally
  /** How often tokens are read and refreshed on demand, in this process. */
  callLimits: CallLimits
  /** Of the hosts that tokens are refreshed at. */
  providerBreakers: (host: string) => Breaker
  /** The providers that need no more than a client of ours there, by name. */
  catalogue: ReadonlyMap<string, Provider>
  /** Status streams that one address, and one request, hold open. */
  streams: { ofAddress: Slots; ofRequest: Slots }
  /** What is asked of a provider for all who want to know; ends before the database is closed. */
  refreshes: SingleFlight
  /** What this server runs beside itself. */
  programs: Programs
  /** Aborted when the process begins to drain: what never ends by itself ends then. */
  draining: AbortSignal
}

/** Who is calling, resolved once, at the door. */
export type Principal = Operator | PersonPrincipal | AgentPrincipal | OutsidePrincipal

/** The admin key, or an administrator of the first organization below `/api/admin`: sees all organizations. */
export interface Operator {
  kind: 'operator'
  id: string
  orgId: string
}

export interface AgentPrincipal {
  kind: 'agent'
  id: string
  orgId: string
  scope: string
}

/** A person, in the organization that they work in now. */
export interface PersonPrincipal {
  kind: 'person'
  id: string
  orgId: string
  role: Role
  name: string
  email: string
  emailVerified: boolean
  credential: SessionCredential | KeyCredential
}

/** Somebody whom a trusted issuer vouches for: they have a budget here, and no say. */
export interface OutsidePrincipal {
  kind: 'outside'
  /** Of the person's row that stands for them, one for each issuer and subject. */
  id: string
  /** Stands for the issuer's organization that the token names. */
  orgId: string
  role: Role
  /** What the issuer says that they may do, in its own words. */
  permissions: readonly string[]
  issuer: string
  subject: string
  /** The issuer's word. */
  email?: string
  /** Who of the issuer's acts as them. */
  impersonator?: string
}

export interface SessionCredential {
  kind: 'session'
  sessionId: string
  /** When they last proved to be there. Epoch milliseconds. */
  authenticatedAt: number
}

export interface KeyCredential {
  kind: 'api_key'
  keyId: string
  scope: string
  /** The app that holds the key; null: the person's own. */
  clientId: string | null
  /** `provider/model`, perhaps with `*` at its end; null: all models. */
  models: readonly string[] | null
}

/** What the edge and the guards put on `c.var`. */
export interface Env {
  Bindings: Partial<HttpBindings>
  Variables: {
    requestId: string
    /** Address of the caller, for limits and the log. */
    address: string
    /** Nonce of this answer's scripts and styles. */
    nonce: string
    principal: Principal
    /** How long the body may take to come in. */
    bodyMs?: number
    /** Of a call of a model. */
    modelCall?: CallSoFar
    /** Headers that the edge wants on the answer, whoever makes it. */
    extraHeaders?: Record<string, string>
    /** Set by `respond`: the answer carries the edge's headers already. */
    answered?: boolean
  }
}

/** Who did something, as the audit log names them. */
export type Actor = string
