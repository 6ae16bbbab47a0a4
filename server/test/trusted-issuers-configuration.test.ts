import { describe, expect, test } from 'vitest'
import { ConfigError, readConfig } from '../src/config.ts'
import { ISSUER } from './harness.ts'

describe('the configuration of trusted issuers', () => {
  const entry = { issuer: 'https://idp.example', jwks_uri: 'https://idp.example/jwks' }
  function faultsOf(entries: unknown, env: Record<string, string> = {}): readonly string[] {
    try {
      readConfig({ ...env, TRUSTED_ISSUERS: JSON.stringify(entries) })
      return []
    } catch (error) {
      if (error instanceof ConfigError) return error.faults
      throw error
    }
  }

  test('names every fault, by the entry that it is in', () => {
    expect(faultsOf([entry])).toEqual([])
    const entries = [
      { issuer: entry.issuer },
      { ...entry, issuer: [] },
      { ...entry, issuer: 'a|b' },
      { ...entry, jwks_uri: 'http://idp.example/jwks' },
      { ...entry, audience: '' },
      { ...entry, algorithms: ['HS256'] },
      { ...entry, algorithms: ['none'] },
      { ...entry, roles: { owner: 'operator' } },
      { ...entry, audiences: ['typo'] },
    ]
    expect(faultsOf(entries)).toEqual([
      'TRUSTED_ISSUERS.0.jwks_uri must be the URL of a key set',
      'TRUSTED_ISSUERS.1.issuer must be what stands in iss, or a list of that: visible ASCII, without |',
      'TRUSTED_ISSUERS.2.issuer must be what stands in iss, or a list of that: visible ASCII, without |',
      'TRUSTED_ISSUERS.3.jwks_uri must be an https URL of a key set (http on loopback only)',
      'TRUSTED_ISSUERS.4.audience must be what stands in aud, or a list of that',
      expect.stringMatching(/^TRUSTED_ISSUERS\.5\.algorithms\.0 must be among RS256, /),
      expect.stringMatching(/^TRUSTED_ISSUERS\.6\.algorithms\.0 must be among RS256, /),
      'TRUSTED_ISSUERS.7.roles.owner must be one of admin, member, viewer',
      'TRUSTED_ISSUERS.8 Unrecognized key: "audiences"',
    ])
    expect(faultsOf(entry)).toEqual(['TRUSTED_ISSUERS must be a list of objects with issuer and jwks_uri'])
  })

  test('leads from an iss to one set of keys, and from ours to our own', () => {
    expect(faultsOf([entry, { ...entry, issuer: ['https://other.example', entry.issuer] }])).toEqual([
      'TRUSTED_ISSUERS must name https://idp.example once: who else is meant by it could sign for both',
    ])
    expect(faultsOf([{ ...entry, issuer: 'https://api.workos.com' }], { WORKOS_CLIENT_ID: 'client_01' })).toHaveLength(
      1,
    )
    expect(faultsOf([{ ...entry, issuer: ISSUER }])).toEqual([
      'TRUSTED_ISSUERS must not name ISSUER itself: its tokens are verified by our own keys',
    ])
    expect(faultsOf([{ ...entry, issuer: 'https://auth.example' }], { ISSUER: 'https://auth.example/' })).toHaveLength(
      1,
    )
  })

  test('takes an address of AuthKit’s keys only with the application', () => {
    const AUTHKIT_JWKS_URL = 'https://api.workos.com/sso/jwks/client_01'
    expect(faultsOf([], { AUTHKIT_JWKS_URL })).toEqual([
      'WORKOS_CLIENT_ID is required when AUTHKIT_JWKS_URL is set: its tokens name the application in iss',
    ])
    const [authKit] = readConfig({ WORKOS_CLIENT_ID: 'client_01' }).trustedIssuers
    expect(authKit?.jwksUri).toBe(AUTHKIT_JWKS_URL)
  })
})
