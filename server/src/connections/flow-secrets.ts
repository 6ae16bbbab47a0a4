import type { Deps } from '../context.ts'
import type { KeyRing } from '../crypto/key-ring.ts'
import type { ConnectionFlowRow } from '../storage/connection-flows.ts'
import { openSealed } from './integrity.ts'

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

/** What the secrets of a flow are bound to, until its person is back, */
export const flowSecretsRecord = (stateHash: string) => `connection_flow.secrets:${stateHash}`

/** and the consent that waits in their place from then on: neither can be put where the other was. */
export const heldConsentRecord = (stateHash: string) => `connection_flow.consent:${stateHash}`

export function sealFlowSecrets(ring: KeyRing, stateHash: string, secrets: FlowSecrets): string {
  return ring.seal(JSON.stringify(secrets), flowSecretsRecord(stateHash))
}

/** Throws `integrity_error` for what is another flow's. */
export function openFlowSecrets(
  deps: Pick<Deps, 'ring' | 'db' | 'now'>,
  flow: ConnectionFlowRow,
): Promise<FlowSecrets> {
  const { state_hash, secrets_sealed } = flow
  return openSealed(deps, sealedOf(flow), () =>
    JSON.parse(deps.ring.unseal(secrets_sealed, flowSecretsRecord(state_hash))),
  )
}

export const sealedOf = ({ org_id, connection_id: target, provider_name: provider }: ConnectionFlowRow) => ({
  org_id,
  target,
  provider,
})
