import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { Card } from '../../components/card.tsx'
import { Loaded } from '../../components/loaded.tsx'
import { useNow } from '../../components/relative-time.tsx'
import { SkeletonRows } from '../../components/skeleton.tsx'
import { paymentQuery } from '../../fuel.ts'
import { limitsQuery } from '../../models.ts'
import { balanceOf } from '../../money.ts'
import { MoreCredits } from '../credits/more-credits.tsx'
import { Lots } from './lots.tsx'

/** What is left: of the money, and of the calls of this minute. */
export function Budget() {
  const payment = useQuery(paymentQuery)
  const limits = useQuery(limitsQuery)
  const now = useNow()
  return (
    <div className="grid gap-5 sm:grid-cols-2">
      <Card>
        <Loaded query={payment} skeleton={<SkeletonRows rows={1} />}>
          {({ credits, payment_method, lots }) => (
            <Left title="Credits" amount={balanceOf(credits)}>
              <Lots lots={lots} now={now} />
              <WhatPays payment={payment_method} hasCredits={credits > 0} />{' '}
              <Link to="/provider-keys" className="link">
                Change what pays
              </Link>
            </Left>
          )}
        </Loaded>
      </Card>
      <Card>
        <Loaded query={limits} skeleton={<SkeletonRows rows={1} />}>
          {({ requests_per_minute: most, remaining }) => (
            <Left title="Limits" amount={`${remaining.toLocaleString('en')} calls left now`}>
              <Meter left={remaining} most={most} />
              {most.toLocaleString('en')} calls a minute, common to you and all of your keys. What is used comes back
              evenly.
            </Left>
          )}
        </Loaded>
      </Card>
    </div>
  )
}

interface WhatPaysProps {
  payment: 'credits' | 'byok'
  hasCredits: boolean
}

function WhatPays({ payment, hasCredits }: WhatPaysProps) {
  if (payment === 'byok') return 'Your own keys pay, so they are left alone.'
  if (hasCredits) return 'They pay for your calls.'
  return (
    <>
      They pay for your calls, and there are none: calls are refused with 402. <MoreCredits />.
    </>
  )
}

function Left({ title, amount, children }: { title: string; amount: string; children: ReactNode }) {
  return (
    <div className="grid gap-1.5 p-4 sm:p-5">
      <h2 className="text-[0.8125rem] text-muted-foreground">{title}</h2>
      <p className="text-2xl leading-tight font-semibold tracking-tight tabular-nums">{amount}</p>
      <div className="text-[0.8125rem] text-muted-foreground">{children}</div>
    </div>
  )
}

/** Beside the number that says the same. */
function Meter({ left, most }: { left: number; most: number }) {
  return (
    <span aria-hidden className="mt-0.5 mb-2 block h-1.5 overflow-hidden rounded-full bg-muted">
      <span className="block h-full rounded-full bg-brand" style={{ width: `${(100 * left) / most}%` }} />
    </span>
  )
}
