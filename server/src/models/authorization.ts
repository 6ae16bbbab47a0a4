import type { Deps } from '../context.ts'
import type { BackendCall } from './backend.ts'
import { BackendFailed } from './backend.ts'
import type { ModelProvider } from './providers.ts'
import { awsCredentials, clientCredentials, serviceAccount, signRequest, type TokenSource } from './token-sources/index.ts'

interface Unauthorized {
  url: URL
  headers: Readonly<Record<string, string>>
  body: string
  call: BackendCall
}

/** The headers by which a call is let in. */
export interface Authorize {
  (request: Unauthorized): Promise<Record<string, string>>
  /** Tells that what was sent was refused. True where another try may be better. */
  refused?(call: BackendCall): Promise<boolean>
}
