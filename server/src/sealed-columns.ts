import { idempotentAnswerRecord } from './accounts/idempotency.ts'
import { mailRecord } from './accounts/mail.ts'
import { verificationRecord } from './accounts/tables/verification.ts'
import { flowSecretsRecord, heldConsentRecord } from './connections/flow-secrets.ts'
import { mcpSecretsRecord } from './connections/mcp-servers/servers.ts'
import { clientSecretRecord } from './connections/provider-registry.ts'
import { tokensRecord } from './connections/vault.ts'
import { webhookSecretRecord } from './connections/webhooks.ts'
import { replayRecord } from './identity/grants/refresh-token.ts'
import { sealedFor } from './identity/signing-keys.ts'
import { providerKeyRecord } from './models/fuel/provider-keys.ts'
import { modelSecretsRecord } from './models/providers.ts'
import type { SealedColumn, SealedRow } from './storage/sealed-columns.ts'

const text = (row: SealedRow, name: string) => String(row[name])

/** Everything in the database that is sealed, and what each text is bound to: a change of master keys walks through it. */
export const SEALED_COLUMNS: readonly SealedColumn[] = [
  {
    table: 'signing_key',
    column: 'private_sealed',
    key: ['kid'],
    reads: [],
    record: (row) => sealedFor(text(row, 'kid')),
  },
  {
    table: 'refresh_token',
    column: 'replay_sealed',
    key: ['token_hash'],
    reads: [],
    record: (row) => replayRecord(text(row, 'token_hash')),
  },
  {
    table: 'verification',
    column: 'value_sealed',
    key: ['id'],
    reads: [],
    record: (row) => verificationRecord(text(row, 'id')),
  },
  {
    table: 'mail',
    column: 'body_sealed',
    key: ['mail_id'],
    reads: [],
    record: (row) => mailRecord(text(row, 'mail_id')),
  },
  {
    table: 'connection',
    column: 'tokens_sealed',
    key: ['connection_id'],
    reads: ['org_id', 'generation'],
    record: (row) => tokensRecord(generationOf(row, 0)),
  },
  {
    table: 'connection',
    column: 'previous_sealed',
    key: ['connection_id'],
    reads: ['org_id', 'generation'],
    record: (row) => tokensRecord(generationOf(row, -1)),
  },
  {
    table: 'connection_flow',
    column: 'secrets_sealed',
    key: ['state_hash'],
    reads: ['used_at'],
    record: (row) => (row.used_at === null ? flowSecretsRecord : heldConsentRecord)(text(row, 'state_hash')),
  },
  {
    table: 'webhook',
    column: 'secret_sealed',
    key: ['webhook_id'],
    reads: [],
    record: (row) => webhookSecretRecord(text(row, 'webhook_id')),
  },
  {
    table: 'provider',
    column: 'client_secret_sealed',
    key: ['provider_name'],
    reads: [],
    record: (row) => clientSecretRecord(text(row, 'provider_name')),
  },
  {
    table: 'mcp_server',
    column: 'secrets_sealed',
    key: ['server_id'],
    reads: ['org_id'],
    record: (row) => mcpSecretsRecord(text(row, 'org_id'), text(row, 'server_id')),
  },
  {
    table: 'mcp_client',
    column: 'client_secret_sealed',
    key: ['provider_name'],
    reads: [],
    record: (row) => clientSecretRecord(text(row, 'provider_name')),
  },
  {
    table: 'provider_key',
    column: 'key_sealed',
    key: ['user_id', 'provider_id'],
    reads: [],
    record: (row) => providerKeyRecord(text(row, 'user_id'), text(row, 'provider_id')),
  },
  {
    table: 'model_provider',
    column: 'secrets_sealed',
    key: ['provider_id'],
    reads: [],
    record: (row) => modelSecretsRecord(text(row, 'provider_id')),
  },
  {
    table: 'idempotency_key',
    column: 'answer_sealed',
    key: ['key_hash'],
    reads: [],
    record: (row) => idempotentAnswerRecord(text(row, 'key_hash')),
  },
]

/** Tokens stay bound to the generation that they were stored for. */
function generationOf(row: SealedRow, difference: number) {
  return {
    connection_id: text(row, 'connection_id'),
    org_id: text(row, 'org_id'),
    generation: Number(row.generation) + difference,
  }
}
