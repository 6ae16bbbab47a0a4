import type { Config } from '../config.ts'
import { sha256 } from '../crypto/jws.ts'
import { ASSERTION_ALGS } from './assertion.ts'
import { ACR_VALUES } from './assurance.ts'
import { CLIENT_AUTH_METHODS } from './client-auth.ts'
import { SIGN_IN_SCOPES } from './scope.ts'
import { GRANTS } from './token.ts'

/** A document that is the same for everyone until the configuration changes, with its validator. */
export interface StaticDocument {
  body: string
  etag: string
}

export function staticDocument(value: object): StaticDocument {
  const body = JSON.stringify(value)
  return { body, etag: `"${sha256(body).slice(0, 22)}"` }
}

/** RFC 8414 §2. Only what works is advertised. */
export function authorizationServerMetadata({ issuer }: Config): object {
  const confidential = CLIENT_AUTH_METHODS.filter((method) => method !== 'none')
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    userinfo_endpoint: `${issuer}/userinfo`,
    introspection_endpoint: `${issuer}/introspect`,
    revocation_endpoint: `${issuer}/revoke`,
    scopes_supported: SIGN_IN_SCOPES,
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: [...GRANTS.keys()],
    token_endpoint_auth_methods_supported: CLIENT_AUTH_METHODS,
    token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGS,
    introspection_endpoint_auth_methods_supported: confidential,
    introspection_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGS,
    revocation_endpoint_auth_methods_supported: CLIENT_AUTH_METHODS,
    revocation_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGS,
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    service_documentation: `${issuer}/docs`,
  }
}

/** OIDC Discovery §3. */
export function openidConfiguration(config: Config): object {
  return {
    ...authorizationServerMetadata(config),
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [config.signingAlg],
    acr_values_supported: ACR_VALUES,
    claim_types_supported: ['normal'],
    claims_supported: [
      'iss',
      'sub',
      'aud',
      'exp',
      'iat',
      'auth_time',
      'nonce',
      'acr',
      'amr',
      'sid',
      'name',
      'email',
      'email_verified',
      'act_for',
      'model',
    ],
    claims_parameter_supported: false,
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
    prompt_values_supported: ['none', 'login'],
  }
}

/** How an agent signs in here. */
export function authAgentConfiguration({ issuer }: Config): object {
  return {
    issuer,
    authenticate_endpoint: `${issuer}/api/agent/authenticate`,
    status_endpoint: `${issuer}/api/check-status`,
    status_stream_endpoint: `${issuer}/api/check-status/stream`,
    token_endpoint: `${issuer}/token`,
    methods_supported: ['agent_secret', 'agent_assertion'],
    agent_assertion_typ: 'agent-assertion+jwt',
    agent_assertion_signing_alg_values_supported: ASSERTION_ALGS,
    acr_values_supported: ACR_VALUES,
    request_hints: { window: 'authRequest', element: 'auth-agent-request' },
  }
}
