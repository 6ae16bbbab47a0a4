import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { type Approval, approvalsQuery } from '../../approvals.ts'

/**
 * The approvals that wait, the most urgent first. One that is decided, here or elsewhere, or whose time runs out while
 * one looks, stays in its place and says so: nothing moves under the finger that is about to press.
 */
export function useQueue() {
  const pending = useInfiniteQuery(approvalsQuery('pending'))
  const decided = useInfiniteQuery(approvalsQuery('decided'))
  const [seen, setSeen] = useState<readonly Approval[]>([])

  const waiting = pending.data ?? []
  const arrived = waiting.filter(({ request_id }) => !seen.some((each) => each.request_id === request_id))
  if (arrived.length > 0) setSeen([...seen, ...arrived].sort(byUrgency))

  const latest = new Map([...(decided.data ?? []), ...waiting].map((approval) => [approval.request_id, approval]))
  return {
    pending,
    waiting: waiting.length,
    rows: seen.map((approval) => latest.get(approval.request_id) ?? approval),
  }
}

export type Queue = ReturnType<typeof useQueue>

const byUrgency = (one: Approval, other: Approval) => one.expires_at.localeCompare(other.expires_at)
