import { Link } from '@tanstack/react-router'
import { LogIn, SearchX } from 'lucide-react'
import { Button } from '../../components/button.tsx'
import { EmptyState } from '../../components/empty-state.tsx'

export function NoSignIns({ filtered }: { filtered: boolean }) {
  if (filtered)
    return (
      <EmptyState
        icon={SearchX}
        title="No sign-in fits"
        action={
          <Button variant="outline" asChild>
            <Link to="/sign-ins">Clear the filters</Link>
          </Button>
        }
      >
        Nothing matches these filters now. A sign-in that begins to match appears here by itself.
      </EmptyState>
    )
  return (
    <EmptyState
      icon={LogIn}
      title="Waiting for the first sign-in"
      action={
        <Button asChild>
          <Link to="/applications">Test a website</Link>
        </Button>
      }
      link={
        <Link to="/agents" className="link">
          See your agents
        </Link>
      }
    >
      When someone clicks “Sign in with Auth Agent” at one of your websites, or one of your agents does so anywhere, the
      sign-in appears here at once: who it is, how it was proved, and every step with its time.
    </EmptyState>
  )
}
