import { useQuery } from '@tanstack/react-query'
import { LogOut } from 'lucide-react'
import { Button } from '../../components/button.tsx'
import { CardFooter, CardHeader } from '../../components/card.tsx'
import { ListCard } from '../../components/list-card.tsx'
import { Loaded } from '../../components/loaded.tsx'
import { SkeletonRows } from '../../components/skeleton.tsx'
import { useAct } from '../../use-act.ts'
import { endSession, sessionsQuery } from './session.ts'
import { SessionRow } from './session-row.tsx'
import { SignOutEverywhere } from './sign-out-everywhere.tsx'

/** Where the person is signed in. */
export function Sessions() {
  const sessions = useQuery(sessionsQuery)
  const end = useAct({ act: endSession, changes: ['sessions'], done: 'That browser is signed out' })
  const others = sessions.data?.filter(({ current }) => !current).length ?? 0
  return (
    <ListCard label="Sessions">
      <CardHeader
        title="Where you are signed in"
        description="Each browser stays signed in for a week after its last visit. End what you do not know, then change your password."
        className="border-b pb-4"
      />
      <Loaded query={sessions} skeleton={<SkeletonRows rows={3} />}>
        {(rows) => (
          <ul className="divide-y">
            {rows.map((session) => (
              <SessionRow
                key={session.id}
                session={session}
                ending={end.pending && end.tried === session.id}
                onEnd={() => end.run(session.id)}
              />
            ))}
          </ul>
        )}
      </Loaded>
      <CardFooter className="rounded-b-xl">
        <SignOutEverywhere others={others}>
          <Button variant="outline">
            <LogOut aria-hidden />
            Sign out everywhere
          </Button>
        </SignOutEverywhere>
      </CardFooter>
    </ListCard>
  )
}
