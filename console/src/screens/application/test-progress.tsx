import { LoaderCircle } from 'lucide-react'
import { useState } from 'react'
import { StatusBadge } from '../../components/status-badge.tsx'
import { useSignInNews } from '../../live.ts'
import type { SignIn } from '../../sign-ins.ts'
import { AdviceNote } from '../sign-ins/advice-note.tsx'
import type { TestUnderWay } from './use-test-sign-in.ts'

/** A test while the other tab has it, as the server sees it. */
export function TestProgress({ under, clientId }: { under: TestUnderWay; clientId: string }) {
  const [signIn, setSignIn] = useState<SignIn>()
  useSignInNews<SignIn>((news) => {
    const isOurs = news.client_id === clientId && news.host === location.host
    // The clocks of server and browser may differ a little; the newest test is the one that one looks at.
    if (isOurs && news.request_id >= (signIn?.request_id ?? '')) setSignIn(news)
  })
  return (
    <div className="grid gap-3">
      <div className="flex flex-wrap items-center gap-2.5 rounded-lg border px-3 py-2.5">
        <LoaderCircle className="size-4 animate-spin text-muted-foreground" aria-hidden />
        <span className="min-w-0 flex-1">Waiting for the sign-in in the other tab</span>
        {signIn && <StatusBadge status={signIn.status} />}
      </div>
      {under.blocked && (
        <p>
          Your browser opened no tab.{' '}
          <a href={under.authorizeUrl} target="_blank" rel="noopener" className="link">
            Open the sign-in page
          </a>
        </p>
      )}
      {signIn && <AdviceNote signIn={signIn} />}
    </div>
  )
}
