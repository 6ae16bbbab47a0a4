import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect } from 'react'
import { Dialog, DialogBody, DialogContent } from '../components/dialog.tsx'
import { here } from '../continue-to.ts'
import { type Me, meQuery, useMe } from '../me.ts'
import { SignInForm } from '../screens/account/sign-in-form.tsx'
import { hearTabs } from '../session-channel.ts'
import { setSessionState, useSessionState } from '../session-state.ts'
import { useMoved } from './moved.ts'

/**
 * The session ended while a screen was open. One signs in again above it, so that what was typed stays; when another
 * tab did so, this closes by itself. Somebody else's session gets a fresh page.
 */
export function SessionGuard() {
  const { user } = useMe()
  const state = useSessionState()
  const resume = useResume()
  useMoved()

  useTabNews(resume)
  useEffect(() => {
    if (state !== 'signed-out') return
    const look = () => void resume()
    addEventListener('focus', look)
    return () => removeEventListener('focus', look)
  }, [state, resume])

  return (
    <Dialog open={state === 'signed-out'}>
      <DialogContent
        title="You were signed out"
        description="Sign in again to go on. What you typed is still there."
        closable={false}
        className="sm:max-w-sm"
      >
        <DialogBody>
          <SignInForm email={user.email} continueAt={here()} onSignedIn={() => void resume()} />
        </DialogBody>
      </DialogContent>
    </Dialog>
  )
}

function useTabNews(resume: () => Promise<void>): void {
  useEffect(
    () =>
      hearTabs((news) => {
        if (news === 'signed-out') setSessionState('signed-out')
        else void resume()
      }),
    [resume],
  )
}

/** Asks who is signed in now, and goes on if it is the same person. */
function useResume(): () => Promise<void> {
  const client = useQueryClient()
  return useCallback(async () => {
    const before = client.getQueryData<Me>(meQuery.queryKey)
    const me = await client.fetchQuery({ ...meQuery, staleTime: 0 }).catch(() => undefined)
    if (!me) return
    if (me.user.id !== before?.user.id) return location.reload()
    setSessionState('fine')
    // Of another organization everything comes anew: see useMoved.
    if (me.organization.id === before.organization.id) await client.invalidateQueries()
  }, [client])
}
