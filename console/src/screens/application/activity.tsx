import type { Application } from '../../applications.ts'
import { LatestSignInsCard } from '../../components/latest-sign-ins.tsx'
import { LiveGrants } from '../../components/live-grants.tsx'

/** Who is in at this website now, and who came lately. */
export function ApplicationActivity({ application }: { application: Application }) {
  const of = { client_id: application.client_id }
  return (
    <div className="grid items-start gap-5 xl:grid-cols-[minmax(0,1fr)_22rem]">
      <LiveGrants of={of} empty="Nobody is signed in there at the moment." />
      <LatestSignInsCard
        filter={of}
        most={8}
        empty="Nobody has signed in here yet. A test sign-in shows what your website will learn."
      />
    </div>
  )
}
