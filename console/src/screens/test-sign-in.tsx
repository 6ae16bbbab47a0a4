import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { LoaderCircle } from 'lucide-react'
import { type ReactNode, useEffect } from 'react'
import { ApiFailure } from '../api.ts'
import { Button } from '../components/button.tsx'
import { TestResultView } from '../components/test-result.tsx'
import { here } from '../continue-to.ts'
import { exchangeTestCode, findBegun, forgetTest, tellOutcome } from '../test-sign-in.ts'
import { AccountPage } from './account/account-page.tsx'

const route = getRouteApi('/test-sign-in')

/** Where a test sign-in comes back to: does what the callback of a website does, and shows what it learned. */
export function TestSignInScreen() {
  const callback = route.useSearch()
  // The entry goes with the exchange; what was found stays.
  const { data: begun } = useQuery({
    queryKey: ['test-sign-in', 'begun', callback.state],
    queryFn: () => findBegun(callback.state) ?? null,
    staleTime: Number.POSITIVE_INFINITY,
  })
  if (begun === undefined) return null
  const refusal = begun === null ? NOT_BEGUN : refusalOf(callback)
  const back = begun && <BackLink clientId={begun.clientId} clientName={begun.clientName} />

  if (refusal !== undefined)
    return (
      <Refused state={callback.state} words={refusal}>
        {back}
      </Refused>
    )
  return (
    <Exchange state={callback.state ?? ''} code={callback.code ?? ''}>
      {back}
    </Exchange>
  )
}

const NOT_BEGUN =
  'No test sign-in that began in this browser has this state. It was shown already, or is not yours: begin another at the application.'

type Callback = ReturnType<typeof route.useSearch>

/** The checks of a callback, in their order: who answers comes before what is answered (RFC 9207). */
function refusalOf({ iss, error, error_description, code }: Callback): string | undefined {
  if (iss !== location.origin) return `The answer is of another issuer (${iss ?? 'none'}), so nothing in it counts.`
  if (error !== undefined) return `${error_description ?? 'The sign-in was refused.'} (${error})`
  return code === undefined ? 'The answer has neither a code nor an error.' : undefined
}

function Refused({ state, words, children }: { state: string | undefined; words: string; children: ReactNode }) {
  useEffect(() => {
    if (state === undefined) return
    tellOutcome({ state, refusal: words })
    forgetTest(state)
  }, [state, words])
  return (
    <AccountPage title="The test did not get through" description={words}>
      {children}
    </AccountPage>
  )
}

function Exchange({ state, code, children }: { state: string; code: string; children: ReactNode }) {
  const { data, error, refetch, isFetching } = useQuery({
    queryKey: ['test-sign-in', 'result', state],
    queryFn: () => exchangeTestCode(state, code),
    // A code is good for once.
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  })
  useEffect(() => {
    if (data) tellOutcome({ state, result: data })
    else if (error && !mayTryAgain(error)) tellOutcome({ state, refusal: error.message })
  }, [state, data, error])

  if (data)
    return (
      <AccountPage
        title="Signed in, as a test"
        description="The tab that you began in shows this too. You can close this one."
      >
        <TestResultView result={data} />
        {children}
      </AccountPage>
    )
  if (!error)
    return (
      <AccountPage title="Exchanging the code">
        <p role="status" className="flex items-center gap-2.5 text-muted-foreground">
          <LoaderCircle className="size-4 animate-spin" aria-hidden />
          As the server of the website would
        </p>
      </AccountPage>
    )
  return (
    <AccountPage title="The code could not be exchanged" description={error.message}>
      {isSignedOut(error) ? (
        <Button asChild>
          <Link to="/sign-in" search={{ continue: here() }}>
            Sign in
          </Link>
        </Button>
      ) : (
        mayTryAgain(error) && (
          <Button pending={isFetching} onClick={() => void refetch()}>
            Try again
          </Button>
        )
      )}
      {children}
    </AccountPage>
  )
}

const isSignedOut = (error: Error) => error instanceof ApiFailure && error.status === 401
const mayTryAgain = (error: Error) =>
  error instanceof ApiFailure && (error.status === 401 || error.code === 'connection_lost')

function BackLink({ clientId, clientName }: { clientId: string; clientName: string }) {
  return (
    <p>
      <Link to="/applications/$clientId" params={{ clientId }} className="link">
        Back to {clientName}
      </Link>
    </p>
  )
}
