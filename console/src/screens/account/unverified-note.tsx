import { MailCheck } from 'lucide-react'
import { DevelopmentInbox } from './development-inbox.tsx'
import { SendAgain } from './send-again.tsx'

interface UnverifiedNoteProps {
  email: string
  continueAt: string | undefined
}

/** The password was right, but the mail has not been answered. */
export function UnverifiedNote({ email, continueAt }: UnverifiedNoteProps) {
  return (
    <div role="alert" className="grid gap-3 rounded-xl border bg-muted p-4">
      <div className="flex gap-2.5">
        <MailCheck className="mt-0.5 size-4 shrink-0 text-primary" aria-hidden />
        <p>
          Confirm your email first: we sent a link to <strong className="font-medium">{email}</strong>.
        </p>
      </div>
      <SendAgain email={email} continueAt={continueAt} />
      <DevelopmentInbox email={email} />
    </div>
  )
}
