import { useEffect, useState } from 'react'
import { sendVerificationEmail } from '../../account.ts'
import { Button } from '../../components/button.tsx'
import { FailureNote } from '../../components/form-field.tsx'
import { useAct } from '../../use-act.ts'
import { verifiedCallback } from './verification.ts'

const PAUSE_SECONDS = 30

interface SendAgainProps {
  email: string
  continueAt: string | undefined
}

/** Mail takes a moment, and impatience would only bring more of it: after sending, the button rests. */
export function SendAgain({ email, continueAt }: SendAgainProps) {
  const [rest, setRest] = useState(0)
  const send = useAct({
    act: () => sendVerificationEmail(email, verifiedCallback(continueAt)),
    inForm: true,
    onDone: () => setRest(PAUSE_SECONDS),
  })
  useEffect(() => {
    if (rest === 0) return
    const timer = setTimeout(() => setRest(rest - 1), 1000)
    return () => clearTimeout(timer)
  }, [rest])

  return (
    <div className="grid gap-2">
      {send.failure && <FailureNote failure={send.failure} />}
      <Button variant="outline" pending={send.pending} disabled={rest > 0} onClick={() => send.run()}>
        {rest > 0 ? `Send again in ${rest} s` : 'Send the link again'}
      </Button>
      <p role="status" className="sr-only">
        {rest > 0 ? `We sent a new link to ${email}` : ''}
      </p>
    </div>
  )
}
