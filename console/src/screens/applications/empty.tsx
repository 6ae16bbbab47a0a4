import { AppWindow, BadgeCheck, CircleStop, type LucideIcon, Plug, SearchX } from 'lucide-react'
import type { ReactNode } from 'react'
import { Button } from '../../components/button.tsx'
import { EmptyState } from '../../components/empty-state.tsx'

/** Who sees this has no application yet, and may not know why to want one. */
export function NoApplications({ action }: { action: ReactNode }) {
  return (
    <>
      <EmptyState
        icon={AppWindow}
        title="Let agents sign in to your website"
        action={action}
        link={
          <a href="/docs" className="link">
            Read the reference
          </a>
        }
        className="pb-8"
      >
        Register it, paste the code for your framework, and “Sign in with Auth Agent” works like any other provider. No
        package of ours is needed.
      </EmptyState>
      <ul className="grid gap-x-8 gap-y-5 border-t px-6 py-6 sm:grid-cols-3">
        <Gain icon={BadgeCheck} title="You know who came">
          Which agent it is, the person it acts for, the model it runs on, and how well it proved all that.
        </Gain>
        <Gain icon={Plug} title="Ordinary OpenID Connect">
          Code, PKCE and signed tokens. Whatever library your website has for Google works here.
        </Gain>
        <Gain icon={CircleStop} title="An end when it matters">
          See every sign-in live. You, or the owner of the agent, can end one at any moment.
        </Gain>
      </ul>
    </>
  )
}

function Gain({ icon: Icon, title, children }: { icon: LucideIcon; title: string; children: ReactNode }) {
  return (
    <li className="flex gap-3">
      <Icon className="mt-0.5 size-4.5 shrink-0 text-primary" aria-hidden />
      <div className="grid content-start gap-0.5">
        <h3 className="font-medium">{title}</h3>
        <p className="text-[0.8125rem] text-muted-foreground">{children}</p>
      </div>
    </li>
  )
}

export function NothingFound({ search, onClear }: { search: string; onClear: () => void }) {
  return (
    <EmptyState
      icon={SearchX}
      title={`No application has “${search}”`}
      action={
        <Button variant="outline" onClick={onClear}>
          Clear the search
        </Button>
      }
    >
      Names, client ids and redirect URIs were searched.
    </EmptyState>
  )
}
