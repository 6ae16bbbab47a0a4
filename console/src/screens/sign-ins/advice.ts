import type { SignIn } from '../../sign-ins.ts'

/** What to do about a sign-in that does not go on, and where. */
export interface Advice {
  title: string
  words: string
  place?: Place
}

export type AgentTab = 'policy' | 'secrets' | 'danger'

/** Where it can be mended. */
export type Place = 'application' | 'approval' | { agent: AgentTab }

/** By the sentences of the server (server/src/identity/policies.ts and authenticate.ts). */
const REFUSALS: readonly [reason: RegExp, advice: Advice][] = [
  [
    /do not belong together/,
    {
      title: 'The agent sent a wrong id, secret or key',
      words:
        'Compare the id and the last four characters of the secret with what the agent has in its environment. If the secret is lost, rotate it: the agent gets a new one, and the old one stops working when you say so.',
      place: { agent: 'secrets' },
    },
  ],
  [
    /signs in people only/,
    {
      title: 'This website signs in people only',
      words: 'If agents should get in too, change who signs in, in the settings of the application.',
      place: 'application',
    },
  ],
  [
    /agent is disabled/,
    {
      title: 'The agent is disabled',
      words: 'Its owner, or an administrator, can enable it again.',
      place: { agent: 'danger' },
    },
  ],
  [
    /may not sign in at this website/,
    {
      title: 'The agent’s policy does not list this website',
      words: 'Add the website to those that the agent may sign in at, or let it sign in anywhere.',
      place: { agent: 'policy' },
    },
  ],
  [
    /asks for more than the agent may give/,
    {
      title: 'The website asks for more than the agent may give',
      words: 'Allow the scopes in the agent’s policy, or let the website ask for less.',
      place: { agent: 'policy' },
    },
  ],
  [
    /of another website than expected/,
    {
      title: 'The agent expected another website',
      words:
        'It said where it believes to be, and it was somewhere else. If you know both addresses, mend the one in the agent’s program; if not, somebody may have tried to lure it.',
    },
  ],
  [
    /only in the browser that shows the request/,
    {
      title: 'The call did not come from the browser that shows the page',
      words:
        'The agent must send that browser’s cookies along, as page.context().request of Playwright does. Or turn off “same browser” in its policy, which lets it be lured into other browsers.',
      place: { agent: 'policy' },
    },
  ],
  [
    /needs assurance/,
    {
      title: 'The agent did not prove itself well enough',
      words:
        'Give the agent a key pair, so that it signs each request instead of sending a secret. Or ask for less, in the agent’s policy or in the settings of the application.',
      place: { agent: 'policy' },
    },
  ],
]

/** Undefined for a sign-in that needs nobody's help. */
export function adviceFor(signIn: SignIn): Advice | undefined {
  const { status, failure } = signIn
  if (status === 'approval_required')
    return {
      title: 'A person has to decide',
      words:
        'The owner of the agent was told by mail. They, or an administrator of its organization, approve or deny it.',
      place: 'approval',
    }
  if (failure && (status === 'pending' || status === 'expired')) return refusalAdvice(failure.reason)
  return status === 'expired' ? expiryAdvice(signIn) : undefined
}

function refusalAdvice(reason: string): Advice {
  const known = REFUSALS.find(([pattern]) => pattern.test(reason))
  return known?.[1] ?? { title: 'The last try was refused', words: reason }
}

function expiryAdvice({ timeline }: SignIn): Advice {
  const reached = (step: string) => timeline.some((each) => each.step === step)
  if (reached('code'))
    return {
      title: 'The website never exchanged the code',
      words:
        'Look at the log of its callback: it must send the code to the token endpoint within a minute, with the verifier of the PKCE pair and its client authentication.',
      place: 'application',
    }
  if (reached('authenticated'))
    return {
      title: 'The browser was closed too early',
      words:
        'The agent had proved itself, but its browser did not go on. It has to stay open until it is back at the website.',
    }
  if (reached('approval_asked'))
    return { title: 'Nobody decided in time', words: 'The agent can start again at the website; approve it then.' }
  return {
    title: 'No agent answered',
    words:
      'The page was open and no agent proved itself. If one should have, check that it finds the request id on the page and that it reaches this server.',
  }
}
