import { useEffect } from 'react'
import { authorizeMcpServer, type McpServer } from '../../mcp-servers.ts'
import { useAct } from '../../use-act.ts'

/** Leads the browser to the server's authorization server, from where it comes back to the list. */
export function useAuthorize() {
  const authorize = useAct({
    act: ({ id }: McpServer) => authorizeMcpServer(id),
    changes: ['mcp-servers', 'connections'],
    onDone: ({ authorization_url }) => location.assign(authorization_url),
  })
  // Whoever goes "back" from there finds this page as they left it, and may want to go again.
  const { reset } = authorize
  useEffect(() => {
    const restored = ({ persisted }: PageTransitionEvent) => persisted && reset()
    addEventListener('pageshow', restored)
    return () => removeEventListener('pageshow', restored)
  }, [reset])
  return { run: authorize.run, leaving: authorize.pending || authorize.succeeded }
}
