import type { KeyRing } from '../crypto/key-ring.ts'

/** What is remembered until the person comes back. */
export interface FlowSecrets {
  /** RFC 7636 §4.1. Absent: the provider takes none. */
  verifier?: string
  /** OpenID Connect Core §3.1.2.1. Absent: no id_token was asked for. */
  nonce?: string
  /** Where the person goes from our page. Absent: they were sent there at once. */
  authorization_url?: string
  /** Of the provider's placeholders. */
  parameters: Record<string, string>
}

/** What the secrets of a flow are bound to. */
export const flowSecretsRecord = (stateHash: string) => `connection_flow.secrets:${stateHash}`

export function sealFlowSecrets(ring: KeyRing, stateHash: string, secrets: FlowSecrets): string {
  return ring.seal(JSON.stringify(secrets), flowSecretsRecord(stateHash))
}

export function unsealFlowSecrets(ring: KeyRing, stateHash: string, sealed: string): FlowSecrets {
  return JSON.parse(ring.unseal(sealed, flowSecretsRecord(stateHash)))
}
