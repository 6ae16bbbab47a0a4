import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import { Provider } from 'oidc-provider'
import { freePort } from './free-port.ts'

interface Settings {
  /** Absent: clients register themselves. */
  client?: { id: string; secret: string; redirectUri: string }
  /** What tokens are for (RFC 8707), with the scope `tools`. */
  resource?: string
}

/** node-oidc-provider as it comes; everybody is Ada, and consents. */
export async function startOpenIdProvider({ client, resource }: Settings) {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const provider = new Provider(issuer, {
    clients: client
      ? [
          {
            client_id: client.id,
            client_secret: client.secret,
            redirect_uris: [client.redirectUri],
            grant_types: ['authorization_code', 'refresh_token'],
            response_types: ['code'],
            id_token_signed_response_alg: 'ES256',
          },
        ]
      : [],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'k1' }] },
    cookies: { keys: ['cookie-key-of-the-tests'] },
    claims: { openid: ['sub'], email: ['email'] },
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true },
      registration: { enabled: !client },
      ...(resource !== undefined && {
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: () => ({ scope: 'tools', accessTokenFormat: 'opaque' }),
          useGrantedResource: () => true,
        },
      }),
    },
    findAccount: async (_: unknown, id: string) => ({
      accountId: id,
      claims: async () => ({ sub: id, email: 'ada@openid.example' }),
    }),
    pkce: { required: () => true },
    conformIdTokenClaims: false,
    issueRefreshToken: async () => true,
    rotateRefreshToken: true,
    interactions: { url: (_: unknown, interaction: { uid: string }) => `/interaction/${interaction.uid}` },
  })
  const serve = provider.callback()
  const server = createServer((request, response) => {
    if (!request.url?.startsWith('/interaction/')) return serve(request, response)
    consent().catch((error: unknown) => response.writeHead(500).end(String(error)))

    async function consent() {
      const { params } = await provider.interactionDetails(request, response)
      const grant = new provider.Grant({ accountId: 'ada', clientId: params.client_id })
      grant.addOIDCScope(params.scope)
      if (params.resource !== undefined) grant.addResourceScope(params.resource, params.scope)
      const result = { login: { accountId: 'ada' }, consent: { grantId: await grant.save() } }
      await provider.interactionFinished(request, response, result)
    }
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))

  return {
    issuer,
    /** What a token that it gave, and has not taken back, is good for. */
    async audienceOf(token: string): Promise<unknown> {
      return (await provider.AccessToken.find(token))?.aud
    },
    /** A browser that goes where it is sent, up to the first address that is not the provider's. */
    async follow(url: string): Promise<URL> {
      const jar = new Map<string, string>()
      let next = new URL(url)
      for (let hop = 0; next.origin === issuer && hop < 10; hop++) {
        const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
        const response = await fetch(next, { redirect: 'manual', headers: { cookie } })
        for (const line of response.headers.getSetCookie()) {
          const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
          jar.set(name, value)
        }
        const location = response.headers.get('location')
        if (location === null) throw new Error(`${response.status} ${await response.text()}`)
        next = new URL(location, next)
      }
      return next
    },
    stop: () => new Promise((resolve) => server.close(resolve)),
  }
}
