import { useState } from 'react'
import { ApiFailure, isFailure } from '../../api.ts'
import {
  type ApplicationSettings,
  createApplication,
  rotateClientSecret,
  updateApplication,
} from '../../applications.ts'
import { useAct } from '../../use-act.ts'
import { type Draft, jwksFault, settingsOf } from '../application/draft.ts'

export type Registered = Awaited<ReturnType<typeof createApplication>>

/** The alphabet of the server's own ids (server/src/crypto/ids.ts). */
const ALPHABET = '0123456789bcdefghjkmnpqrstuvwxyz'

function newClientId(): string {
  const signs = [...crypto.getRandomValues(new Uint8Array(26))].map((byte) => ALPHABET[byte % ALPHABET.length])
  return `client_${signs.join('')}`
}

/**
 * Registers an application, once. Its id is chosen here, so that a try whose answer was lost on the way is found again:
 * the next one is told that the id is taken, and gives that application what is in the form now, and a new secret.
 */
export function useRegistration(onDone: (application: Registered) => void) {
  const [clientId, setClientId] = useState(newClientId)
  return useAct({
    act: (draft: Draft) => register(clientId, draft),
    changes: ['applications', 'overview'],
    inForm: true,
    onDone: (application) => {
      setClientId(newClientId())
      onDone(application)
    },
  })
}

async function register(clientId: string, draft: Draft): Promise<Registered> {
  requireReadable(draft)
  const settings = settingsOf(draft)
  const method = draft.authentication === 'secret' ? {} : { token_endpoint_auth_method: draft.authentication }
  try {
    return await createApplication({ client_id: clientId, ...settings, ...method })
  } catch (error) {
    if (isFailure(error, 'conflict')) return resume(clientId, draft, settings)
    throw error
  }
}

async function resume(clientId: string, draft: Draft, settings: ApplicationSettings): Promise<Registered> {
  const application = await updateApplication(clientId, settings)
  return draft.authentication === 'secret' ? rotateClientSecret(clientId, { overlap: 0 }) : application
}

/** A fault that was found here looks like one that the server found. */
function requireReadable(draft: Draft): void {
  const fault = jwksFault(draft)
  if (fault !== undefined)
    throw new ApiFailure(422, 'validation_failed', 'The public keys cannot be read', { fields: { jwks: fault } })
}
