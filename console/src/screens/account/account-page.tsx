import type { ReactNode } from 'react'
import { Brand } from '../../components/brand.tsx'
import { useScreenHeading } from '../../components/page-header.tsx'

interface AccountPageProps {
  title: string
  description?: ReactNode
  children?: ReactNode
  /** Below the card: the way to the other screen. */
  foot?: ReactNode
}

/** One card on the rings of the server's own pages: a person goes from here to those and back. */
export function AccountPage({ title, description, children, foot }: AccountPageProps) {
  const heading = useScreenHeading(title)
  return (
    <div className="rings grid min-h-dvh grid-rows-[auto_1fr] px-4">
      <header className="mx-auto w-full max-w-md pt-6 sm:pt-14">
        <a href="/" className="inline-flex rounded-lg" aria-label="Auth Agent, home page">
          <Brand />
        </a>
      </header>
      <main className="mx-auto grid w-full max-w-md content-start gap-5 pt-6 pb-10">
        <div className="grid gap-5 rounded-2xl border bg-card p-5 shadow-raised sm:p-8">
          <div className="grid gap-1.5">
            <h1 ref={heading} tabIndex={-1} className="text-xl leading-tight font-semibold tracking-tight text-balance">
              {title}
            </h1>
            {description && <div className="text-muted-foreground">{description}</div>}
          </div>
          {children}
        </div>
        {foot && <p className="px-1 text-muted-foreground">{foot}</p>}
      </main>
    </div>
  )
}
