import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { Card, CardContent, CardHeader } from '../components/card.tsx'
import { LatestSignIns } from '../components/latest-sign-ins.tsx'
import { Loaded } from '../components/loaded.tsx'
import { PageHeader } from '../components/page-header.tsx'
import { Skeleton } from '../components/skeleton.tsx'
import { useMe } from '../me.ts'
import { Counts } from './overview/counts.tsx'
import { FirstSteps } from './overview/first-steps.tsx'
import { type Overview, overviewQuery } from './overview/overview-query.ts'
import { WaitingApprovals } from './overview/waiting-approvals.tsx'

/** Comes after the rest, because its library is the biggest thing of the console. */
const SignInDays = lazy(async () => ({ default: (await import('./overview/sign-in-days.tsx')).SignInDays }))

export function OverviewScreen() {
  const { organization } = useMe()
  const overview = useQuery(overviewQuery)
  return (
    <>
      <PageHeader title="Overview" description={`What happens in ${organization.name}.`} />
      <Loaded query={overview} skeleton={<OverviewSkeleton />}>
        {(data) => (
          <div className="grid gap-5">
            {data.counts.pending_approvals > 0 && <WaitingApprovals />}
            <FirstSteps key={organization.id} checklist={data.checklist} />
            <Counts counts={data.counts} />
            <Moves days={data.days} />
          </div>
        )}
      </Loaded>
    </>
  )
}

/** What happened lately: by days, and one by one. */
function Moves({ days }: { days: Overview['days'] }) {
  return (
    <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
      <Suspense fallback={<Skeleton className="h-96 rounded-xl" />}>
        <SignInDays days={days} />
      </Suspense>
      <Card>
        <CardHeader
          title="Latest sign-ins"
          actions={
            <Link to="/sign-ins" className="link inline-flex min-h-6 items-center text-[0.8125rem]">
              All of them
            </Link>
          }
        />
        <LatestSignIns
          filter={{}}
          most={6}
          empty={
            <CardContent className="text-muted-foreground">
              When an agent signs in at a website of yours, or one of your agents does so anywhere, it appears here at
              once.
            </CardContent>
          }
        />
      </Card>
    </div>
  )
}

function OverviewSkeleton() {
  return (
    <div role="status" className="grid gap-5">
      <span className="sr-only">Loading the overview</span>
      <div className="grid grid-cols-2 gap-3 lg:grid-cols-4">
        <Skeleton className="h-24 rounded-xl" />
        <Skeleton className="h-24 rounded-xl" />
        <Skeleton className="h-24 rounded-xl" />
        <Skeleton className="h-24 rounded-xl" />
      </div>
      <div className="grid gap-5 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <Skeleton className="h-80 rounded-xl" />
        <Skeleton className="h-80 rounded-xl" />
      </div>
    </div>
  )
}
