import type { InferResponseType } from 'hono/client'
import { answer, api, takeAway } from '../../api.ts'
import { listQuery } from '../../list-query.ts'

const { apps } = api.api

export type ApprovedApp = InferResponseType<typeof apps.$get, 200>['data'][number]

export const appsQuery = listQuery(['apps'], (_, signal) => answer(apps.$get(undefined, { init: { signal } })))

export function withdrawApp(clientId: string): Promise<void> {
  return takeAway(answer(apps[':id'].$delete({ param: { id: clientId } })))
}

export const scopesOf = ({ scope }: ApprovedApp) => scope.split(' ').filter(Boolean)
