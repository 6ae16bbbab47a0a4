/** What the bench tells the peer's process, as JSON in the environment. */
export type PeerSettings = {
  port: number
  /** Undefined: everything in memory. */
  databasePath?: string
  redirectUri: string
  clients: Record<'jwt' | 'opaque', { id: string; secret: string }>
  accounts: { id: string; secret: string }[]
}

export const SCOPE = 'openid profile email offline_access'
