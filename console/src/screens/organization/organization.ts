import { queryOptions } from '@tanstack/react-query'
import type { InferRequestType, InferResponseType } from 'hono/client'
import { answer, api } from '../../api.ts'
import { listQuery } from '../../list-query.ts'

const { organization, invitations } = api.api

export type Invitation = InferResponseType<typeof invitations.$get, 200>['data'][number]
export type NewInvitation = InferRequestType<typeof invitations.$post>['json']
/** With the link, which no other answer holds. */
export type MadeInvitation = InferResponseType<typeof invitations.$post, 201>

export const organizationQuery = queryOptions({
  queryKey: ['organization'],
  queryFn: ({ signal }) => answer(organization.$get(undefined, { init: { signal } })),
})

export const invitationsQuery = listQuery(['invitations'], (cursor, signal) =>
  answer(invitations.$get({ query: { cursor } }, { init: { signal } })),
)

export function renameOrganization(name: string) {
  return answer(organization.$put({ json: { name } }))
}

export function invite(invitation: NewInvitation): Promise<MadeInvitation> {
  return answer(invitations.$post({ json: invitation }))
}

export function withdrawInvitation(invitationId: string): Promise<undefined> {
  return answer(invitations[':id'].$delete({ param: { id: invitationId } }))
}
