import { Link } from '@tanstack/react-router'
import type { ComponentType, ReactNode } from 'react'
import { Button } from '../../components/button.tsx'
import { useMe } from '../../me.ts'
import { DevelopmentInbox } from '../account/development-inbox.tsx'
import { SendAgain } from '../account/send-again.tsx'
import type { Checklist } from './overview-query.ts'

export interface Step {
  name: keyof Checklist
  title: string
  /** Why, and what comes of it. */
  words: string
  Action: ComponentType<{ next: boolean }>
  /** Viewers look on: they make nothing. */
  makes: boolean
  /** More to know, below the words. */
  Note?: ComponentType
}

/** In the order in which they make sense. */
export const STEPS: readonly Step[] = [
  {
    name: 'email_verified',
    title: 'Confirm your address',
    words: 'Follow the link in our mail. Then what others made for you is yours, and approvals reach you.',
    Action: MailAgain,
    makes: false,
    Note: Inbox,
  },
  {
    name: 'agent',
    title: 'Create an agent',
    words: 'The identity of your program: an id, and a secret or a key that it proves itself with.',
    Action: ({ next }) => (
      <Go next={next}>
        <Link to="/agents" search={{ create: 'true' }}>
          Create an agent
        </Link>
      </Go>
    ),
    makes: true,
  },
  {
    name: 'application',
    title: 'Register an application',
    words: 'The website that shows “Sign in with Auth Agent”. You get a client id and the code of the button.',
    Action: ({ next }) => (
      <Go next={next}>
        <Link to="/applications" search={{ create: 'true' }}>
          Register an application
        </Link>
      </Go>
    ),
    makes: true,
  },
  {
    name: 'sign_in',
    title: 'See the first sign-in',
    words: 'Let the agent press the button, or test it from the page of the application. This turns green by itself.',
    Action: ({ next }) => (
      <Go next={next}>
        <Link to="/applications">Test an application</Link>
      </Go>
    ),
    makes: true,
  },
]

function Go({ next, children }: { next: boolean; children: ReactNode }) {
  return (
    <Button asChild size="sm" variant={next ? 'default' : 'outline'}>
      {children}
    </Button>
  )
}

function MailAgain() {
  const { user } = useMe()
  return <SendAgain email={user.email} continueAt="/console/" />
}

function Inbox() {
  const { user } = useMe()
  return <DevelopmentInbox email={user.email} />
}
