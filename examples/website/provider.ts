import * as client from 'openid-client'
import type { Config } from './config.ts'
import { unreachable } from './problem.ts'

export type Provider = () => Promise<client.Configuration>

/** Discovery (OpenID Connect Discovery §4) on first use, so that the website may start before its provider does. */
export function createProvider(config: Config): Provider {
  let discovered: Promise<client.Configuration> | undefined
  return () => {
    discovered ??= discover(config).catch((cause) => {
      discovered = undefined
      throw unreachable(cause)
    })
    return discovered
  }
}

async function discover({ issuer, clientId, clientSecret }: Config): Promise<client.Configuration> {
  const execute = isLoopback(issuer) ? [client.allowInsecureRequests] : []
  const provider = await client.discovery(issuer, clientId, undefined, client.ClientSecretBasic(clientSecret), {
    execute,
    timeout: 10,
  })
  // Without TLS to vouch for the id_token, its signature must. OpenID Connect Core §3.1.3.7 (6).
  client.enableNonRepudiationChecks(provider)
  return provider
}

/** Plain http is for a provider on this very machine, and nowhere else. */
function isLoopback({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
}
