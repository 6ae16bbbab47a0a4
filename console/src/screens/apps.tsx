import { useInfiniteQuery } from '@tanstack/react-query'
import { PlugZap } from 'lucide-react'
import { useState } from 'react'
import { EmptyState } from '../components/empty-state.tsx'
import { ListCard } from '../components/list-card.tsx'
import { LoadMore } from '../components/load-more.tsx'
import { Loaded } from '../components/loaded.tsx'
import { PageHeader } from '../components/page-header.tsx'
import { AppRow } from './apps/app-row.tsx'
import { type ApprovedApp, appsQuery } from './apps/approved-app.ts'
import { WithdrawApp } from './apps/withdraw-app.tsx'

/** The apps that who is signed in has let in, wherever those are made. */
export function AppsScreen() {
  const apps = useInfiniteQuery(appsQuery)
  const [withdrawing, setWithdrawing] = useState<ApprovedApp>()
  return (
    <>
      <PageHeader
        title="Approved apps"
        description="Apps that you let in. Each can do what you approved, and no more, until you withdraw it."
      />
      <ListCard label="Approved apps">
        <Loaded query={apps}>
          {(rows) =>
            rows.length === 0 ? (
              <EmptyState icon={PlugZap} title="You have approved no app yet">
                When an app offers <strong className="font-medium text-foreground">Sign in with Auth Agent</strong>, it
                asks you once what it may do: know who you are, or call models on your budget. Every app that you say
                yes to is listed here, and you can take your yes back.
              </EmptyState>
            ) : (
              <>
                <ul className="divide-y">
                  {rows.map((app) => (
                    <AppRow key={app.client_id} app={app} onWithdraw={() => setWithdrawing(app)} />
                  ))}
                </ul>
                <LoadMore {...apps} shown={rows.length} />
              </>
            )
          }
        </Loaded>
      </ListCard>
      <WithdrawApp app={withdrawing} onClose={() => setWithdrawing(undefined)} />
    </>
  )
}
