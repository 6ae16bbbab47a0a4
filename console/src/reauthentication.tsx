import { Fingerprint } from 'lucide-react'
import { createContext, type ReactNode, useContext, useRef, useState } from 'react'
import { reauthenticateWithPasskey, reauthenticateWithPassword } from './account.ts'
import { type ApiFailure, asFailure, isFailure } from './api.ts'
import { Button } from './components/button.tsx'
import { Dialog, DialogBody, DialogContent } from './components/dialog.tsx'
import { Form, FormField } from './components/form-field.tsx'
import { PasswordInput } from './components/input.tsx'

/** The person closed the dialog: nothing happened, and there is nothing to report. */
export class ReauthenticationRefused extends Error {
  override readonly name = 'ReauthenticationRefused'
}

type Reauthenticated = <T>(act: () => Promise<T>) => Promise<T>

const Context = createContext<Reauthenticated | undefined>(undefined)

/**
 * Does something that the server may want fresh proof for: if it does, asks for the password or a passkey and does it
 * again. `useAct` goes through it by itself.
 */
export function useReauthentication(): Reauthenticated {
  const reauthenticated = useContext(Context)
  if (!reauthenticated) throw new Error('useReauthentication needs the ReauthenticationProvider of main.tsx')
  return reauthenticated
}

/** What is waiting for the dialog. */
interface Asking {
  settle: (proven: boolean) => void
}

export function ReauthenticationProvider({ children }: { children: ReactNode }) {
  const [asking, setAsking] = useState<Asking>()

  const proving = useRef<Promise<boolean>>(undefined)

  // Two acts at once wait for the same dialog.
  const prove = () => {
    proving.current ??= new Promise<boolean>((settle) => setAsking({ settle })).finally(() => {
      proving.current = undefined
    })
    return proving.current
  }
  const answer = (proven: boolean) => {
    asking?.settle(proven)
    setAsking(undefined)
  }
  const reauthenticated: Reauthenticated = async (act) => {
    try {
      return await act()
    } catch (error) {
      if (!needsProof(error)) throw error
      if (!(await prove())) throw new ReauthenticationRefused()
      return act()
    }
  }

  return (
    <Context value={reauthenticated}>
      {children}
      <Dialog open={asking !== undefined} onOpenChange={(open) => open || answer(false)}>
        <DialogContent
          title="Confirm that it is you"
          description="This needs fresh proof, because you signed in a while ago."
          className="sm:max-w-sm"
        >
          <Proof onProven={() => answer(true)} />
        </DialogContent>
      </Dialog>
    </Context>
  )
}

/** `session_not_fresh` is better-auth's name for the same. */
function needsProof(error: unknown): boolean {
  return isFailure(error, 'reauthentication_required') || isFailure(error, 'session_not_fresh')
}

function Proof({ onProven }: { onProven: () => void }) {
  const [failure, setFailure] = useState<ApiFailure>()
  const [pending, setPending] = useState<'password' | 'passkey'>()
  const started = useRef(false)

  const prove = async (how: 'password' | 'passkey', call: () => Promise<void>) => {
    if (started.current) return
    started.current = true
    setPending(how)
    try {
      await call()
      onProven()
    } catch (error) {
      setFailure(asFailure(error))
    } finally {
      started.current = false
      setPending(undefined)
    }
  }

  return (
    <DialogBody>
      <Form
        failure={failure}
        onSubmit={(data) => void prove('password', () => reauthenticateWithPassword(String(data.get('password'))))}
      >
        <FormField label="Password" name="password">
          <PasswordInput autoComplete="current-password" required autoFocus />
        </FormField>
        <Button type="submit" pending={pending === 'password'}>
          Confirm
        </Button>
      </Form>
      <Button
        variant="outline"
        pending={pending === 'passkey'}
        onClick={() => void prove('passkey', reauthenticateWithPasskey)}
      >
        <Fingerprint aria-hidden />
        Use a passkey
      </Button>
    </DialogBody>
  )
}
