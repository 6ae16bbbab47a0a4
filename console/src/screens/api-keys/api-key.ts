import type { InferRequestType, InferResponseType } from 'hono/client'
import { answer, api, takeAway } from '../../api.ts'
import { listQuery } from '../../list-query.ts'

const keys = api.api['api-keys']

export type ApiKey = InferResponseType<typeof keys.$get, 200>['data'][number]
export type NewApiKey = InferRequestType<typeof keys.$post>['json']
export type KeyScope = NonNullable<NewApiKey['scopes']>[number]
/** With the key itself, which no other answer holds. */
export type MadeApiKey = InferResponseType<typeof keys.$post, 201>

export const apiKeysQuery = listQuery(['api-keys'], (_, signal) => answer(keys.$get(undefined, { init: { signal } })))

export function createApiKey(key: NewApiKey): Promise<MadeApiKey> {
  return answer(keys.$post({ json: key }))
}

export function revokeApiKey(keyId: string): Promise<void> {
  return takeAway(answer(keys[':id'].$delete({ param: { id: keyId } })))
}
