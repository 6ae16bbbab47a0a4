import type { Connection } from './connection.ts'
import type { ServerProcess } from './server-process.ts'

export type Client = { id: string; secret: string; redirectUri: string }

/** A code on its way from the authorization server to a website's backend. */
export type Granted = { code: string; verifier: string }

/** An authorization server under load: the subject, or a peer. */
export type Side = {
  name: string
  server: ServerProcess
  endpoints: { token: string; introspection: string }
  /** Gets signed access tokens (RFC 9068) and, with a code, refresh tokens. */
  client: Client
  /** Gets opaque access tokens, where the server makes such. */
  opaqueClient?: Client
  /** Everything of a sign-in up to the code, in a fresh browser. */
  signIn: (connection: Connection, client: Client, index: number) => Promise<Granted>
  /** Bytes in use in the database, where there is one. */
  databaseBytes?: () => number
}
