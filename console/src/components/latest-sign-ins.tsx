import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Ban, Check, CircleDashed, Clock, type LucideIcon, ShieldQuestion, UserRoundCheck, X } from 'lucide-react'
import type { ReactNode } from 'react'
import { type SignIn, type SignInFilter, type SignInStatus, signInsQuery } from '../sign-ins.ts'
import type { Tone } from './badge.tsx'
import { Card, CardContent, CardHeader } from './card.tsx'
import { Loaded } from './loaded.tsx'
import { SkeletonRows } from './skeleton.tsx'
import { Timeline, type TimelineStep } from './timeline.tsx'

/** A card of them, for one agent or one website. */
export function LatestSignInsCard({ filter, most, empty }: LatestSignInsProps) {
  return (
    <Card>
      <CardHeader
        title="Latest sign-ins"
        actions={
          <Link to="/sign-ins" search={filter} className="link inline-flex min-h-6 items-center text-[0.8125rem]">
            All of them
          </Link>
        }
      />
      <LatestSignIns
        filter={filter}
        most={most}
        empty={<CardContent className="text-muted-foreground">{empty}</CardContent>}
      />
    </Card>
  )
}

interface LatestSignInsProps {
  filter: SignInFilter
  most: number
  /** Where there are none. */
  empty: ReactNode
}

/** The last few sign-ins, newest first, each leading to the whole of its story. */
export function LatestSignIns({ filter, most, empty }: LatestSignInsProps) {
  const signIns = useInfiniteQuery(signInsQuery(filter))
  return (
    <Loaded query={signIns} skeleton={<SkeletonRows rows={Math.min(most, 4)} />}>
      {({ pages }) => {
        const rows = pages.flatMap(({ data }) => data).slice(0, most)
        if (rows.length === 0) return empty
        const steps = rows.map((signIn) => stepOf(signIn, 'agent_id' in filter))
        return (
          <div className="p-4 sm:p-5">
            <Timeline label="Latest sign-ins, newest first" steps={steps} />
          </div>
        )
      }}
    </Loaded>
  )
}

interface Look {
  words: string
  tone: Tone
  icon: LucideIcon
}

const LOOKS: Record<SignInStatus, Look> = {
  pending: { words: 'Waiting for an agent', tone: 'info', icon: CircleDashed },
  approval_required: { words: 'Waiting for a person', tone: 'warning', icon: ShieldQuestion },
  authenticated: { words: 'On its way back', tone: 'info', icon: UserRoundCheck },
  completed: { words: 'Signed in', tone: 'success', icon: Check },
  denied: { words: 'Denied', tone: 'danger', icon: Ban },
  expired: { words: 'Expired', tone: 'neutral', icon: Clock },
}

function stepOf(signIn: SignIn, ofOneAgent: boolean): TimelineStep {
  const refused = signIn.failure !== null && (signIn.status === 'pending' || signIn.status === 'expired')
  const { words, tone, icon }: Look = refused ? { words: 'Refused', tone: 'danger', icon: X } : LOOKS[signIn.status]
  const who = ofOneAgent ? undefined : (signIn.agent_name ?? signIn.user_name)
  const details = [words, ...(refused ? [signIn.failure?.reason] : []), signIn.model]
  return {
    id: signIn.request_id,
    title: (
      <Link
        to="/sign-ins"
        search={{ request_id: signIn.request_id, ...(ofOneAgent && signIn.agent_id && { agent_id: signIn.agent_id }) }}
        className="hover:underline"
      >
        {who && (
          <>
            <bdi>{who}</bdi> at{' '}
          </>
        )}
        <bdi>{signIn.client_name}</bdi>
      </Link>
    ),
    tone,
    icon,
    at: signIn.created_at,
    detail: details.filter(Boolean).join(' · '),
  }
}
