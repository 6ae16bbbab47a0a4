import { type Application, rotateClientSecret } from '../../applications.ts'
import { Card, CardContent, CardHeader } from '../../components/card.tsx'
import { CodeBlock } from '../../components/code-block.tsx'
import { RotateSecret } from '../../components/rotate-secret.tsx'
import { SecretOnce } from '../../components/secret-once.tsx'
import { type SecretSummary, SecretTable } from '../../components/secret-table.tsx'
import { authenticationOf } from './draft.ts'
import { ViewerNote } from './viewer-note.tsx'

interface ApplicationCredentialsProps {
  application: Application & { secrets?: SecretSummary[] | undefined }
  canWrite: boolean
}

/** What the website's server proves itself with. */
export function ApplicationCredentials({ application, canWrite }: ApplicationCredentialsProps) {
  const Proof = { secret: Secrets, private_key_jwt: Keys, none: Nothing }[authenticationOf(application)]
  return (
    <div className="grid max-w-3xl gap-4">
      {canWrite || <ViewerNote />}
      <Proof application={application} canWrite={canWrite} />
    </div>
  )
}

function Secrets({ application, canWrite }: ApplicationCredentialsProps) {
  const { secrets = [] } = application
  return (
    <Card>
      <CardHeader
        title="Client secrets"
        description="We keep a hash of them, and can show the last four characters only."
        actions={canWrite && <NewSecret clientId={application.client_id} />}
        className="pb-3"
      />
      {secrets.length > 0 ? (
        <SecretTable secrets={secrets} label="Client secrets" />
      ) : (
        <CardContent className="pt-0 text-muted-foreground sm:pt-0">
          It has no secret that works: all have ended. Make a new one.
        </CardContent>
      )}
    </Card>
  )
}

function NewSecret({ clientId }: { clientId: string }) {
  return (
    <RotateSecret act={(overlap) => rotateClientSecret(clientId, { overlap })} changes={['applications']}>
      {(made, onClose) => (
        <SecretOnce
          title="The new client secret"
          secrets={
            made?.client_secret === undefined ? undefined : [{ label: 'Client secret', value: made.client_secret }]
          }
          onClose={onClose}
        />
      )}
    </RotateSecret>
  )
}

function Keys({ application }: ApplicationCredentialsProps) {
  return (
    <Card>
      <CardHeader
        title="Public keys"
        description="They check the assertions that your server signs. Only your server has the private halves. Replace them in the settings; keep the old key beside the new one until the new one is in use."
      />
      <CardContent>
        <CodeBlock title="JWKS" code={JSON.stringify(application.jwks, null, 2)} />
      </CardContent>
    </Card>
  )
}

function Nothing() {
  return (
    <Card>
      <CardHeader
        title="A public client has no secret"
        description="Whoever holds the program could read one. The PKCE pair, made anew for each sign-in, protects the code on its way."
      />
      <CardContent className="text-muted-foreground">
        If it has a server of its own, register another application with a secret or a key: this one cannot become it.
      </CardContent>
    </Card>
  )
}
