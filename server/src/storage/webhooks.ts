import type { Selectable } from 'kysely'
import type { Db } from './database.ts'
import type { WebhookDeliveryTable, WebhookTable } from './schema.ts'

export type WebhookRow = Selectable<WebhookTable>
export type DeliveryRow = Selectable<WebhookDeliveryTable>

export async function insertWebhook(trx: Db, webhook: WebhookRow): Promise<void> {
  await trx.insertInto('webhook').values(webhook).execute()
}

/** Of an organization, oldest first. */
export function listWebhooks(db: Db, orgId: string): Promise<WebhookRow[]> {
  return db
    .selectFrom('webhook')
    .selectAll()
    .where('org_id', '=', orgId)
    .orderBy('created_at')
    .orderBy('webhook_id')
    .execute()
}

/** True for the one that took it away; its deliveries go with it. */
export async function deleteWebhook(trx: Db, orgId: string, webhookId: string): Promise<boolean> {
  const deleted = await trx
    .deleteFrom('webhook')
    .where('webhook_id', '=', webhookId)
    .where('org_id', '=', orgId)
    .executeTakeFirst()
  return deleted.numDeletedRows === 1n
}

export async function insertDeliveries(trx: Db, deliveries: readonly DeliveryRow[]): Promise<void> {
  if (deliveries.length > 0) await trx.insertInto('webhook_delivery').values(deliveries).execute()
}

/** The last of a webhook, newest first. */
export function listDeliveries(db: Db, webhookId: string, limit: number): Promise<DeliveryRow[]> {
  return db
    .selectFrom('webhook_delivery')
    .selectAll()
    .where('webhook_id', '=', webhookId)
    .orderBy('delivery_id', 'desc')
    .limit(limit)
    .execute()
}

export type DueDelivery = DeliveryRow & Pick<WebhookRow, 'url' | 'secret_sealed'>

/** What is due, oldest first, with where it goes. */
export function listDueDeliveries(db: Db, now: number, limit: number): Promise<DueDelivery[]> {
  return db
    .selectFrom('webhook_delivery')
    .innerJoin('webhook', 'webhook.webhook_id', 'webhook_delivery.webhook_id')
    .selectAll('webhook_delivery')
    .select(['webhook.url', 'webhook.secret_sealed'])
    .where('webhook_delivery.next_attempt_at', '<=', now)
    .orderBy('webhook_delivery.next_attempt_at')
    .limit(limit)
    .execute()
}

/** True for the one process that may send it now; nobody else tries before `until`. */
export async function claimDelivery(
  trx: Db,
  { delivery_id, next_attempt_at }: Pick<DeliveryRow, 'delivery_id' | 'next_attempt_at'>,
  until: number,
): Promise<boolean> {
  const claimed = await trx
    .updateTable('webhook_delivery')
    .set((e) => ({ next_attempt_at: until, attempts: e('attempts', '+', 1) }))
    .where('delivery_id', '=', delivery_id)
    .where('next_attempt_at', '=', next_attempt_at)
    .executeTakeFirst()
  return claimed.numUpdatedRows === 1n
}

export async function setDeliveryOutcome(
  trx: Db,
  deliveryId: string,
  outcome: Pick<DeliveryRow, 'next_attempt_at' | 'delivered_at' | 'last_status' | 'last_error'>,
): Promise<void> {
  await trx.updateTable('webhook_delivery').set(outcome).where('delivery_id', '=', deliveryId).execute()
}
