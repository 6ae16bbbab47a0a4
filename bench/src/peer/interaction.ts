import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Provider } from 'oidc-provider'
import { resource } from './configuration.ts'
import type { PeerSettings } from './settings.ts'

type Listener = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/** The login that every user of oidc-provider writes: who is it, what do they grant, back to the request. */
export function interaction(provider: Provider, accounts: PeerSettings['accounts']): Listener {
  const secrets = new Map(accounts.map(({ id, secret }) => [id, sha256(secret)]))

  return async (request, response) => {
    const form = new URLSearchParams(await text(request))
    const accountId = form.get('account') ?? ''
    const expected = secrets.get(accountId)
    if (!expected || !timingSafeEqual(expected, sha256(form.get('secret') ?? ''))) {
      response.writeHead(401).end()
      return
    }
    const { params } = await provider.interactionDetails(request, response)
    const grant = new provider.Grant({ accountId, clientId: params.client_id })
    grant.addOIDCScope(params.scope)
    if (params.resource) grant.addResourceScope(resource.identifier, resource.scope)
    const grantId = await grant.save()
    await provider.interactionFinished(request, response, { login: { accountId }, consent: { grantId } })
  }
}

function sha256(value: string): Buffer {
  return createHash('sha256').update(value).digest()
}
