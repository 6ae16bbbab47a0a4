import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Gauge } from 'lucide-react'
import { lazy, Suspense } from 'react'
import { Button } from '../components/button.tsx'
import { Card } from '../components/card.tsx'
import { EmptyState } from '../components/empty-state.tsx'
import { Loaded } from '../components/loaded.tsx'
import { PageHeader } from '../components/page-header.tsx'
import { useNow } from '../components/relative-time.tsx'
import { Select, SelectContent, SelectItem, SelectTrigger, SelectValue } from '../components/select.tsx'
import { Skeleton } from '../components/skeleton.tsx'
import { type UsageSum, usageQuery } from '../fuel.ts'
import { Budget } from './usage/budget.tsx'
import { daysOf, PERIODS, sinceOf } from './usage/period.ts'
import { Receipts } from './usage/receipts.tsx'
import { Totals } from './usage/totals.tsx'

/** Come after the rest, because their library is the biggest thing of the console. */
const UsageDays = lazy(async () => ({ default: (await import('./usage/usage-days.tsx')).UsageDays }))
const UsageShares = lazy(async () => ({ default: (await import('./usage/usage-shares.tsx')).UsageShares }))

const route = getRouteApi('/shell/usage')

/** What the calls of who is signed in came to, in this organization. */
export function UsageScreen() {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const days = daysOf(search.days)
  const since = sinceOf(days, useNow())
  const usage = useQuery(usageQuery('day', since))
  return (
    <>
      <PageHeader
        title="Usage"
        description="Your calls of models in this organization, and what they cost you."
        actions={
          <Select
            value={String(days)}
            onValueChange={(chosen) =>
              void navigate({ search: (before) => ({ ...before, days: chosen }), replace: true, resetScroll: false })
            }
          >
            <SelectTrigger aria-label="Period" className="w-40">
              <SelectValue />
            </SelectTrigger>
            <SelectContent>
              {PERIODS.map((period) => (
                <SelectItem key={period} value={String(period)}>
                  Last {period} days
                </SelectItem>
              ))}
            </SelectContent>
          </Select>
        }
      />
      <div className="grid gap-5">
        <Budget />
        <Loaded query={usage} skeleton={<Skeleton className="h-96 rounded-xl" />}>
          {(sums) => (sums.length === 0 ? <NoCalls days={days} /> : <Calls sums={sums} days={days} since={since} />)}
        </Loaded>
      </div>
    </>
  )
}

function Calls({ sums, days, since }: { sums: readonly UsageSum[]; days: number; since: string }) {
  return (
    <>
      <Totals sums={sums} />
      <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <Suspense fallback={<Skeleton className="h-96 rounded-xl" />}>
          <UsageDays sums={sums} days={days} since={since} />
        </Suspense>
        <Suspense fallback={<Skeleton className="h-96 rounded-xl" />}>
          <UsageShares since={since} />
        </Suspense>
      </div>
      <Receipts since={since} />
    </>
  )
}

function NoCalls({ days }: { days: number }) {
  return (
    <Card>
      <EmptyState
        icon={Gauge}
        title={`No calls in the last ${days} days`}
        action={
          <Button asChild>
            <Link to="/playground">Try a model</Link>
          </Button>
        }
        link={
          <Link to="/api-keys" search={{ create: 'true' }} className="link">
            Make an API key
          </Link>
        }
      >
        Each call of a model is written down here with its tokens and its cost, whoever makes it for you: a program with
        your key, one of your agents, an app that you approved, or you in the playground.
      </EmptyState>
    </Card>
  )
}
