import { hc } from 'hono/client'
import type { apiKeyAdminRoutes } from '../../server/src/accounts/api-key-routes.ts'
import type { clientAdminRoutes } from '../../server/src/identity/client-routes.ts'
import { answer } from './api.ts'

/** The operator's own routes, which are not among those for everybody. */
const { users } = hc<ReturnType<typeof apiKeyAdminRoutes>>('/api/admin')
const { clients } = hc<ReturnType<typeof clientAdminRoutes>>('/api/admin')

/** What the person can spend then, in cents. */
export const giveCredits = (id: string, json: { amount_cents: number; reason: string }) =>
  answer(users[':id'].credits.$post({ param: { id }, json }))

/** What an app gives each of its new users. */
export interface PromotionSettings {
  promotional_credits: number
  promotional_credits_expire_in: number | null
  promotional_excluded_models: string[]
}

export const setPromotion = (id: string, json: PromotionSettings) =>
  answer(clients[':id'].$put({ param: { id }, json }))

/** As it is typed: dollars. NaN for what is no amount of whole cents. */
export function centsOf(dollars: string): number {
  const cents = Math.round(Number(dollars) * 100)
  return /^\d+(?:\.\d{1,2})?$/.test(dollars.trim()) ? cents : Number.NaN
}
