import { queryOptions } from '@tanstack/react-query'
import type { InferResponseType } from 'hono/client'
import { answer, api, file, takeAway } from './api.ts'
import { listQuery } from './list-query.ts'

const { usage } = api.api
const method = api.api['payment-method']
const keys = api.api['provider-keys']

export type PaymentMethod = InferResponseType<typeof method.$get, 200>['payment_method']
export type CreditLot = InferResponseType<typeof method.$get, 200>['lots'][number]
export type ProviderKey = InferResponseType<typeof keys.$get, 200>['data'][number]
export type UsageSum = InferResponseType<typeof usage.$get, 200>['data'][number]
export type Receipt = InferResponseType<typeof usage.receipts.$get, 200>['data'][number]
export type UsageGroup = 'day' | 'model' | 'app' | 'agent' | 'key'

export const paymentQuery = queryOptions({
  queryKey: ['payment-method'],
  queryFn: ({ signal }) => answer(method.$get(undefined, { init: { signal } })),
})

export const payBy = (payment_method: PaymentMethod) => answer(method.$put({ json: { payment_method } }))

export const providerKeysQuery = queryOptions({
  queryKey: ['provider-keys'],
  queryFn: ({ signal }) => answer(keys.$get(undefined, { init: { signal } })),
  select: ({ data }) => data,
})

export const setProviderKey = (id: string, api_key: string) =>
  answer(keys[':id'].$put({ param: { id }, json: { api_key } }))

export const removeProviderKey = (id: string) => takeAway(answer(keys[':id'].$delete({ param: { id } })))

export function usageQuery(group_by: UsageGroup, since: string) {
  return queryOptions({
    queryKey: ['usage', group_by, since],
    queryFn: ({ signal }) => answer(usage.$get({ query: { group_by, since } }, { init: { signal } })),
    select: ({ data }) => data,
  })
}

export function receiptsQuery(since: string) {
  return listQuery(['usage', 'receipts', since], (cursor, signal) =>
    answer(usage.receipts.$get({ query: { since, cursor } }, { init: { signal } })),
  )
}

export const receiptsFile = (since: string): Promise<Blob> => file(usage['receipts.csv'].$get({ query: { since } }))

/** Of one's last calls; a call that was stopped is settled a moment after. */
const LATEST = '20'
const SETTLED_SOON_MS = [0, 300, 700, 1500]

/** What one call came to. Undefined: it is not written down yet, or there was none. */
export async function receiptOf(requestId: string): Promise<Receipt | undefined> {
  for (const wait of SETTLED_SOON_MS) {
    await new Promise((resolve) => setTimeout(resolve, wait))
    const { data } = await answer(usage.receipts.$get({ query: { limit: LATEST } }))
    const found = data.find(({ request_id }) => request_id === requestId)
    if (found) return found
  }
  return undefined
}
