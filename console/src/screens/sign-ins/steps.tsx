import {
  Ban,
  Check,
  Clock,
  CornerUpLeft,
  DoorOpen,
  Fingerprint,
  LogOut,
  type LucideIcon,
  ShieldQuestion,
  UserRoundCheck,
  X,
} from 'lucide-react'
import type { ReactNode } from 'react'
import type { Tone } from '../../components/badge.tsx'
import { RelativeTime } from '../../components/relative-time.tsx'
import type { TimelineStep } from '../../components/timeline.tsx'
import type { SignIn } from '../../sign-ins.ts'
import { durationWords } from './duration.ts'

type Step = SignIn['timeline'][number]

interface Look {
  title: (step: Step) => string
  tone: Tone
  icon: LucideIcon
  detail: (step: Step, signIn: SignIn) => string
}

const LOOKS: Record<Step['step'], Look> = {
  opened: {
    title: () => 'Opened',
    tone: 'neutral',
    icon: DoorOpen,
    detail: (_, { client_name }) => `${client_name} sent a browser to the sign-in page`,
  },
  failed: { title: () => 'A try was refused', tone: 'danger', icon: X, detail: ({ reason }) => reason ?? '' },
  approval_asked: {
    title: () => 'A person was asked',
    tone: 'warning',
    icon: ShieldQuestion,
    detail: () => 'The agent proved itself, and its owner wants to decide',
  },
  approved: {
    title: ({ reason }) => `Approved${by(reason)}`,
    tone: 'success',
    icon: UserRoundCheck,
    detail: () => 'The agent may go on',
  },
  denied: {
    title: ({ reason }) => `Denied${by(reason)}`,
    tone: 'danger',
    icon: Ban,
    detail: () => 'Nothing was shared with the website',
  },
  authenticated: {
    title: () => 'Authenticated',
    tone: 'info',
    icon: Fingerprint,
    detail: (_, { agent_id }) => (agent_id === null ? 'The person is signed in' : 'The agent proved who it is'),
  },
  code: {
    title: () => 'Sent back to the website',
    tone: 'info',
    icon: CornerUpLeft,
    detail: (_, { host }) => `The browser went to ${host} with a one-time code`,
  },
  token: {
    title: () => 'Signed in',
    tone: 'success',
    icon: Check,
    detail: () => 'The website exchanged the code for its tokens',
  },
  ended: { title: () => 'Ended', tone: 'neutral', icon: LogOut, detail: ({ reason }) => endWords(reason) },
  expired: {
    title: () => 'Expired',
    tone: 'neutral',
    icon: Clock,
    detail: () => 'It was not finished in time. Whoever wants in starts again at the website',
  },
}

const by = (name: string | undefined) => (name === undefined ? '' : ` by ${name}`)

const ENDS: Record<string, string> = {
  revoked_by_owner: 'Somebody ended it in the console',
  revoked_by_client: 'The website signed out',
  agent_disabled: 'The agent was disabled',
  agent_deleted: 'The agent was deleted',
  client_deleted: 'The application was deleted',
  withdrawn_by_person: 'The person withdrew their approval of the app',
  test_sign_in: 'It was a test sign-in, which ends when it has shown its claims',
  code_replayed: 'The one-time code was sent a second time, as by a thief, so all that it gave was taken back',
  refresh_token_reused: 'A refresh token was used a second time, as by a thief, so the sign-in was ended',
}

function endWords(reason = ''): string {
  return ENDS[reason] ?? reason.replaceAll('_', ' ')
}

/** What happened in a sign-in, and what is being waited for. */
export function stepsOf(signIn: SignIn): TimelineStep[] {
  const past = signIn.timeline.map((step, index) => pastStep(step, signIn.timeline[index - 1], signIn))
  const next = nextStep(signIn)
  return next ? [...past, next] : past
}

function pastStep(step: Step, before: Step | undefined, signIn: SignIn): TimelineStep {
  const { title, tone, icon, detail } = LOOKS[step.step]
  return {
    id: `${step.step} ${step.at}`,
    title: title(step),
    tone,
    icon,
    at: step.at,
    detail: (
      <>
        <p>{detail(step, signIn)}</p>
        <p className="text-xs tabular-nums">
          {clockTime(step.at)}
          {before && ` · ${durationWords(Date.parse(step.at) - Date.parse(before.at))} later`}
        </p>
      </>
    ),
  }
}

const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' })

function clockTime(at: string): ReactNode {
  return <time dateTime={at}>{CLOCK.format(new Date(at))}</time>
}

function nextStep(signIn: SignIn): TimelineStep | undefined {
  const decided = signIn.timeline.some(({ step }) => step === 'denied')
  // Nobody denied it: what it rested on was changed.
  if (signIn.status === 'denied' && !decided)
    return {
      id: 'withdrawn',
      title: 'Called off',
      tone: 'danger',
      icon: Ban,
      detail: 'The agent or the application was changed, disabled or removed while it was under way.',
    }
  const words = waitingFor(signIn)
  if (!words) return undefined
  return {
    id: 'next',
    title: words,
    tone: 'info',
    waiting: true,
    detail: (
      <>
        Expires <RelativeTime at={signIn.expires_at} />
      </>
    ),
  }
}

function waitingFor({ status, timeline }: SignIn): string | undefined {
  if (status === 'pending') return 'Waiting for the agent'
  if (status === 'approval_required') return 'Waiting for a person to decide'
  if (status !== 'authenticated') return undefined
  const sent = timeline.some(({ step }) => step === 'code')
  return sent ? 'Waiting for the website to take the code' : 'Waiting for the browser to go on'
}
