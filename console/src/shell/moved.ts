import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useEffectEvent, useRef } from 'react'
import { toast } from '../components/toast.tsx'
import { useMe } from '../me.ts'

let entering: string | undefined

/** This tab itself goes to that organization: nothing that has to be told. */
export function announceEntering(organizationId: string): void {
  entering = organizationId
}

/**
 * The session works for another organization all at once: another tab switched, or an administrator took this person
 * out, and the server moved the session on. Nothing of the organization before may stay on the screen.
 */
export function useMoved(): void {
  const { organization, organizations } = useMe()
  const client = useQueryClient()
  const navigate = useNavigate()
  const seen = useRef(organization)

  const look = useEffectEvent(() => {
    const before = seen.current
    seen.current = organization
    if (before.id === organization.id) return
    const expected = entering === organization.id
    entering = undefined
    if (expected) return
    const isOut = !organizations.some(({ id }) => id === before.id)
    const news = isOut ? `You are no longer a member of ${before.name}. You` : 'This session'
    toast.info(`${news} ${isOut ? 'work' : 'works'} for ${organization.name} now`)
    // What was open may not be there any more.
    if (isOut) void navigate({ to: '/' })
    void client.resetQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'me' && queryKey[0] !== 'account' })
  })
  // biome-ignore lint/correctness/useExhaustiveDependencies: when the organization changes is the point
  useEffect(look, [organization.id])
}
