import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { RotateCw } from 'lucide-react'
import { Button } from '../../components/button.tsx'
import { Notice } from '../../components/notice.tsx'
import { Skeleton } from '../../components/skeleton.tsx'
import { type Connection, connectionQuery, nameOf } from '../../connections.ts'
import { usePermissions } from '../../me.ts'
import { useReconnect } from './reconnect.ts'

interface ReturnNoticeProps {
  /** As the callback put them into the address, where anybody can write: looked at, never shown. */
  status: string
  error: string | undefined
  connectionId: string | undefined
  onClose: () => void
}

/** How it came out at the provider. What the address claims counts only as far as the server knows of it. */
export function ReturnNotice({ status, error, connectionId = '', onClose }: ReturnNoticeProps) {
  const { data: connection, isPending } = useQuery({ ...connectionQuery(connectionId), enabled: connectionId !== '' })
  if (connectionId !== '' && isPending) return <Skeleton className="mb-4 h-16 w-full rounded-xl" />
  // An address that was kept may tell of what has been revoked since.
  if (status === 'success')
    return connection?.status === 'active' ? <Connected connection={connection} onClose={onClose} /> : null
  return <NotConnected connection={connection} error={error} onClose={onClose} />
}

interface ConnectedProps {
  connection: Connection
  onClose: () => void
}

function Connected({ connection, onClose }: ConnectedProps) {
  return (
    <Notice
      tone="success"
      title={`${nameOf(connection)} is connected`}
      className="mb-4"
      onClose={onClose}
      actions={
        <Button asChild variant="outline" size="sm">
          <Link to="/connections/$connectionId" params={{ connectionId: connection.connection_id }}>
            Choose who may use it
          </Link>
        </Button>
      }
    >
      Your agents can call it through us now. Its tokens stay here, encrypted.
    </Notice>
  )
}

interface NotConnectedProps {
  connection: Connection | undefined
  error: string | undefined
  onClose: () => void
}

function NotConnected({ connection, error = '', onClose }: NotConnectedProps) {
  const { canWrite } = usePermissions()
  const provider = connection?.provider_label ?? 'The provider'
  const kept = connection?.status === 'active'
  return (
    <Notice
      tone={error === 'access_denied' ? 'warning' : 'danger'}
      title={connection ? `${provider} was not connected` : 'Nothing was connected'}
      className="mb-4"
      onClose={onClose}
      {...(connection && canWrite && !kept && { actions: <TryAgain connection={connection} /> })}
    >
      {(OUTCOMES[error] ?? unknownOutcome)(provider)} {kept && 'What was connected before works as it did.'}
    </Notice>
  )
}

function TryAgain({ connection }: { connection: Connection }) {
  const reconnect = useReconnect(connection)
  return (
    <Button variant="outline" size="sm" pending={reconnect.leaving} onClick={reconnect.run}>
      <RotateCw aria-hidden />
      Try again
    </Button>
  )
}

const unknownOutcome = (provider: string) =>
  `${provider} did not complete the connection. Try again; if it stays so, whoever runs this server has to look into it.`

const OUTCOMES: Record<string, (provider: string) => string> = {
  access_denied: () => 'You said no there, so nothing was stored.',
  account_mismatch: () =>
    'You chose another account than the one that was connected before. Sign out there or choose that one; to use the other account as well, connect it anew.',
  invalid_id_token: (provider) => `${provider} vouched for the account in a way that we cannot verify.`,
  invalid_issuer: () => 'The answer came from somewhere else than where you were sent. Start again from here.',
  invalid_scope: (provider) => `${provider} does not give one of the scopes that were asked for. Ask for others.`,
  superseded: () => 'It was changed or revoked while you were away. Start again from here.',
  temporarily_unavailable: (provider) => `${provider} has no time at the moment. Try again in a few minutes.`,
}
