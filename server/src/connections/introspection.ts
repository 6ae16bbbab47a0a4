import type { Deps } from '../context.ts'
import type { EffectiveProvider } from './effective-provider.ts'
import { openClientSecret } from './provider-registry.ts'
import type { OAuthProvider } from './providers/provider.ts'
import { authenticateBy } from './token-request.ts'
import { comingMoment } from './token-response.ts'
import type { Tokens } from './vault.ts'

const TIMEOUT_MS = 5000

type OAuthProviderHere = EffectiveProvider & { provider: OAuthProvider }

/** Asks when a token ends of which its own answer said nothing (RFC 7662 §2). A provider that does not say changes nothing. */
export async function withIntrospectedEnd(
  deps: Deps,
  effective: OAuthProviderHere,
  url: string,
  tokens: Tokens,
): Promise<Tokens> {
  try {
    const { provider, clientId } = effective
    const secret = (await openClientSecret(deps, effective)) ?? ''
    const client = authenticateBy(provider.token_endpoint_auth_method, clientId ?? '', secret)
    const form = { token: tokens.access_token, token_type_hint: 'access_token', ...client.parameters }
    const response = await deps.outbound.fetch(url, {
      method: 'POST',
      headers: {
        accept: 'application/json',
        ...client.headers,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams(form).toString(),
      timeoutMs: TIMEOUT_MS,
    })
    const ends = response.ok ? endOf(await response.json(), deps.now()) : undefined
    return ends === undefined ? tokens : { ...tokens, expires_at: ends }
  } catch (error) {
    // Its name alone: what it says may repeat the token.
    const why = error instanceof Error ? error.name : 'unknown'
    deps.log.info({ provider: effective.provider.name, why }, 'a provider does not say when its token ends')
    return tokens
  }
}

function endOf(answer: unknown, now: number): number | undefined {
  if (typeof answer !== 'object' || answer === null || !('active' in answer) || answer.active !== true) return undefined
  return 'exp' in answer ? comingMoment(answer.exp, now) : undefined
}
