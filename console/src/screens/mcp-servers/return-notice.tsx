import { Notice } from '../../components/notice.tsx'
import { Skeleton } from '../../components/skeleton.tsx'
import type { McpServer } from '../../mcp-servers.ts'

interface ReturnNoticeProps {
  /** As the callback put them into the address, where anybody can write: looked at, never shown. */
  status: string
  error: string | undefined
  /** The one that it is about, where it is authorized now. */
  server: McpServer | undefined
  isLoaded: boolean
  onClose: () => void
}

/** How it came out at the authorization server. What the address claims counts only as far as the server knows of it. */
export function ReturnNotice({ status, error = '', server, isLoaded, onClose }: ReturnNoticeProps) {
  if (!isLoaded) return <Skeleton className="mb-4 h-16 w-full rounded-xl" />
  if (status === 'success')
    return server ? (
      <Notice tone="success" title={`${server.name} is authorized`} className="mb-4" onClose={onClose}>
        Test it to see its tools. Its token is renewed by itself, and is sent to this server only.
      </Notice>
    ) : null
  return (
    <Notice
      tone={error === 'access_denied' ? 'warning' : 'danger'}
      title="The server was not authorized"
      className="mb-4"
      onClose={onClose}
    >
      {OUTCOMES[error] ?? UNKNOWN}
    </Notice>
  )
}

const UNKNOWN =
  'Its authorization server did not complete the consent. Try again; if it stays so, check the client that is entered for it.'

const OUTCOMES: Record<string, string> = {
  access_denied: 'You said no there, so nothing was stored.',
  invalid_issuer: 'The answer came from somewhere else than where you were sent. Start again from here.',
  invalid_scope: 'It does not give one of the scopes that were asked for. Enter others, then authorize it again.',
  superseded: 'It was changed or ended while you were away. Start again from here.',
  temporarily_unavailable: 'It has no time at the moment. Try again in a few minutes.',
}
