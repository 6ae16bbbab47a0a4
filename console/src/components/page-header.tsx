import { Link } from '@tanstack/react-router'
import { ChevronRight } from 'lucide-react'
import { Fragment, type ReactNode, useEffect, useRef } from 'react'
import { takeArrival } from '../arrival.ts'

interface Crumb {
  label: string
  to: '/' | '/agents' | '/applications' | '/connections'
}

interface PageHeaderProps {
  title: string
  description?: ReactNode
  /** Buttons; the most important one last. */
  actions?: ReactNode
  breadcrumbs?: readonly Crumb[]
  /** Beside the title, such as a `StatusBadge`. */
  badge?: ReactNode
}

/** The one h1 of a screen. It names the tab and, after a navigation, takes the focus, so that the new place is read out. */
export function PageHeader({ title, description, actions, breadcrumbs = [], badge }: PageHeaderProps) {
  const heading = useScreenHeading(title)
  return (
    <header className="mb-6 grid gap-2">
      {breadcrumbs.length > 0 && <Breadcrumbs crumbs={breadcrumbs} title={title} />}
      <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
        <div className="grid min-w-0 gap-1">
          <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <h1 ref={heading} tabIndex={-1} className="text-[1.375rem] leading-tight font-semibold tracking-tight">
              {title}
            </h1>
            {badge}
          </div>
          {description && <p className="max-w-2xl text-muted-foreground">{description}</p>}
        </div>
        {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </div>
    </header>
  )
}

/** For the h1 of screens with a header of their own. */
export function useScreenHeading(title: string) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${title} · Auth Agent`
  }, [title])
  useEffect(() => {
    if (takeArrival()) heading.current?.focus()
  }, [])
  return heading
}

function Breadcrumbs({ crumbs, title }: { crumbs: readonly Crumb[]; title: string }) {
  return (
    <nav aria-label="Breadcrumbs">
      <ol className="flex flex-wrap items-center gap-1.5 text-[0.8125rem] text-muted-foreground">
        {crumbs.map(({ label, to }) => (
          <Fragment key={to}>
            <li>
              <Link to={to} className="inline-flex min-h-6 items-center hover:text-foreground hover:underline">
                {label}
              </Link>
            </li>
            <li aria-hidden>
              <ChevronRight className="size-3.5" />
            </li>
          </Fragment>
        ))}
        <li aria-current="page" className="truncate text-foreground">
          {title}
        </li>
      </ol>
    </nav>
  )
}
