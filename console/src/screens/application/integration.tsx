import { Link } from '@tanstack/react-router'
import { TriangleAlert } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import type { Application } from '../../applications.ts'
import { Card, CardContent, CardHeader } from '../../components/card.tsx'
import { CopyText } from '../../components/copy-button.tsx'
import { DataItem, DataList } from '../../components/data-list.tsx'
import { FrameworkCode } from './framework-code.tsx'
import { RedirectUriSelect } from './redirect-uri-select.tsx'
import { SignInButton } from './sign-in-button.tsx'

/** From nothing to a sign-in: what the website has to know, its button, and its code. */
export function Integration({ application }: { application: Application }) {
  const { client_id, redirect_uris, scope } = application
  const [chosen, choose] = useState(redirect_uris[0])
  // The one that was chosen may have been removed since.
  const redirectUri = redirect_uris.find((uri) => uri === chosen) ?? redirect_uris[0]
  const of = redirectUri === undefined ? undefined : { application, issuer: location.origin, redirectUri }

  return (
    <div className="grid gap-5">
      <Card>
        <CardContent className="py-2 sm:py-2.5">
          <DataList>
            <DataItem label="Issuer">
              <CopyText value={location.origin} what="issuer" />
            </DataItem>
            <DataItem label="Client id">
              <CopyText value={client_id} what="client id" />
            </DataItem>
            {redirectUri !== undefined && (
              <DataItem label="Redirect URI">
                <RedirectUriSelect uris={redirect_uris} value={redirectUri} onChange={choose} />
              </DataItem>
            )}
          </DataList>
        </CardContent>
      </Card>
      {!scope.split(' ').includes('openid') && (
        <Note>
          It may not ask for <code className="font-mono text-[0.8125rem]">openid</code>, so it gets no ID token, and the
          code below does not learn who signed in. Add it in the <SettingsLink clientId={client_id} />.
        </Note>
      )}
      {of ? (
        <>
          <Card>
            <CardHeader title="1. The button" description="Agents look for these words. It leads to your own server." />
            <CardContent>
              <SignInButton of={of} />
            </CardContent>
          </Card>
          <Card>
            <CardHeader
              title="2. The code"
              description="Sends the browser here with a PKCE pair, and exchanges the code that it comes back with. Runs as it is."
            />
            <CardContent>
              <FrameworkCode of={of} />
            </CardContent>
          </Card>
        </>
      ) : (
        <Note>
          It has no redirect URI, so nobody can sign in there. Add one in the <SettingsLink clientId={client_id} />.
        </Note>
      )}
    </div>
  )
}

function Note({ children }: { children: ReactNode }) {
  return (
    <div className="flex gap-2.5 rounded-lg bg-warning-ground px-3.5 py-3">
      <TriangleAlert className="mt-0.5 size-4 shrink-0 text-warning" aria-hidden />
      <p className="min-w-0">{children}</p>
    </div>
  )
}

function SettingsLink({ clientId }: { clientId: string }) {
  return (
    <Link
      to="/applications/$clientId"
      params={{ clientId }}
      search={{ tab: 'settings' }}
      resetScroll={false}
      className="link"
    >
      settings
    </Link>
  )
}
