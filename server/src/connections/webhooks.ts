import { createHmac } from 'node:crypto'
import { z } from 'zod'
import { requireOrganizationAdmin } from '../accounts/roles.ts'
import { LOOPBACK_HOSTS } from '../config.ts'
import type { Deps, Principal } from '../context.ts'
import { newId, newTimedId } from '../crypto/ids.ts'
import { ApiError } from '../http/errors.ts'
import type { ConnectionRow } from '../storage/connections.ts'
import type { Work } from '../storage/database.ts'
import {
  type DeliveryRow,
  deleteWebhook as deleteRow,
  insertDeliveries,
  insertWebhook,
  listDeliveries,
  listWebhooks as listRows,
  type WebhookRow,
} from '../storage/webhooks.ts'

export const WEBHOOK_TOPIC = 'webhook'

export const WEBHOOK_EVENTS = ['connection.active', 'connection.failed', 'connection.recovered'] as const
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number]

/** Of one organization; beyond it, somebody has mistaken what they are for. */
const MOST = 20
const SECRET_BYTES = 32

/** `POST /api/webhooks`. */
export const NewWebhook = z.object({
  url: z.string().max(2048).refine(isHttpsUrl, 'must be an https URL without a user name; http on loopback only'),
  events: z
    .array(z.enum(WEBHOOK_EVENTS))
    .min(1)
    .default([...WEBHOOK_EVENTS]),
})

function isHttpsUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, username, password } = new URL(text)
  if (username || password) return false
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK_HOSTS.has(hostname))
}

/** What the secret of a webhook is bound to. */
export const webhookSecretRecord = (webhookId: string) => `webhook.secret:${webhookId}`

/** The secret in the answer is never shown again. https://www.standardwebhooks.com */
export async function createWebhook(deps: Deps, { url, events }: z.output<typeof NewWebhook>, principal: Principal) {
  requireOrganizationAdmin(principal)
  const now = deps.now()
  const webhookId = newId(deps.random, 'wh')
  const secret = `whsec_${deps.random(SECRET_BYTES).toString('base64')}`
  const row: WebhookRow = {
    webhook_id: webhookId,
    org_id: principal.orgId,
    url,
    events: JSON.stringify([...new Set(events)]),
    secret_sealed: deps.ring.seal(secret, webhookSecretRecord(webhookId)),
    created_at: now,
  }
  await deps.db.write(async ({ trx, record }) => {
    if ((await listRows(trx, principal.orgId)).length >= MOST)
      throw new ApiError('conflict', `An organization has ${MOST} webhooks at most; take one away first`)
    await insertWebhook(trx, row)
    record({
      at: now,
      org_id: principal.orgId,
      actor: principal.id,
      action: 'webhook.created',
      target: webhookId,
      detail: { host: new URL(url).host },
    })
  })
  return { ...viewOf(row), secret }
}

export async function listWebhooks({ db }: Deps, principal: Principal) {
  requireOrganizationAdmin(principal)
  return { data: (await listRows(db.read, principal.orgId)).map(viewOf), next_cursor: null }
}

export async function deleteWebhook({ db, now: clock }: Deps, webhookId: string, principal: Principal): Promise<void> {
  requireOrganizationAdmin(principal)
  await db.write(async ({ trx, record }) => {
    if (!(await deleteRow(trx, principal.orgId, webhookId))) throw unknownWebhook()
    const at = clock()
    record({ at, org_id: principal.orgId, actor: principal.id, action: 'webhook.deleted', target: webhookId })
  })
}

const SHOWN = 50

/** What became of the last events. */
export async function listWebhookDeliveries({ db }: Deps, webhookId: string, principal: Principal) {
  requireOrganizationAdmin(principal)
  const own = (await listRows(db.read, principal.orgId)).some(({ webhook_id }) => webhook_id === webhookId)
  if (!own) throw unknownWebhook()
  return { data: (await listDeliveries(db.read, webhookId, SHOWN)).map(deliveryView), next_cursor: null }
}

function unknownWebhook(): ApiError {
  return new ApiError('not_found', 'There is no such webhook')
}

type Told = Pick<
  ConnectionRow,
  'connection_id' | 'org_id' | 'user_ref' | 'provider_name' | 'account_label' | 'status' | 'reason'
>

/** Puts an event on its way to whoever wants it, if and only if the caller's transaction commits. */
export async function announce(
  { random, now: clock }: Pick<Deps, 'random' | 'now'>,
  { trx, notify }: Work,
  type: WebhookEvent,
  connection: Told,
): Promise<void> {
  const wanted = (await listRows(trx, connection.org_id)).filter(({ events }) => JSON.parse(events).includes(type))
  if (wanted.length === 0) return
  const now = clock()
  const body = JSON.stringify({ type, timestamp: new Date(now).toISOString(), data: dataOf(connection) })
  const deliveries = wanted.map(
    ({ webhook_id }): DeliveryRow => ({
      delivery_id: newTimedId(random, 'whd', now),
      webhook_id,
      event: type,
      body,
      created_at: now,
      next_attempt_at: now,
      attempts: 0,
      delivered_at: null,
      last_status: null,
      last_error: null,
    }),
  )
  await insertDeliveries(trx, deliveries)
  notify(WEBHOOK_TOPIC)
}

function dataOf({ connection_id, user_ref, provider_name, account_label, status, reason }: Told) {
  return {
    connection_id,
    user_id: user_ref,
    provider_name,
    status,
    ...(account_label !== null && { account: account_label }),
    ...(reason !== null && { reason }),
  }
}

/** Standard Webhooks: `webhook-signature` over id, time and body, by the secret's bytes. */
export function signatureOf(secret: string, id: string, timestampS: number, body: string): string {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
  return `v1,${createHmac('sha256', key).update(`${id}.${timestampS}.${body}`).digest('base64')}`
}

function viewOf({ webhook_id, url, events, created_at }: WebhookRow) {
  return {
    webhook_id,
    url,
    events: JSON.parse(events) as WebhookEvent[],
    created_at: new Date(created_at).toISOString(),
  }
}

function deliveryView(row: DeliveryRow) {
  const time = (at: number | null) => (at === null ? null : new Date(at).toISOString())
  return {
    delivery_id: row.delivery_id,
    event: row.event,
    attempts: row.attempts,
    created_at: new Date(row.created_at).toISOString(),
    delivered_at: time(row.delivered_at),
    next_attempt_at: time(row.next_attempt_at),
    last_status: row.last_status,
    last_error: row.last_error,
  }
}
