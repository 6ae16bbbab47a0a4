import {
  type CallToolResult,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type Server,
  type ServerContext,
  UrlElicitationRequiredError,
} from '@modelcontextprotocol/server'

export type ToolAnswer = CallToolResult | InputRequiredResult

/** What can be said to the caller of a tool, and what it said, whichever revision of the protocol it speaks. */
export interface Exchange {
  /** Aborted when the caller goes away. */
  signal: AbortSignal
  /** What became of the link that this call was answered with before. */
  linkAnswer: 'opened' | 'refused' | undefined
  /** Whether a link reaches the person while this very call is under way. */
  tellsAtOnce: boolean
  /** Has the client show a link to its person, and call again. Missing where the client cannot. */
  showLink?: (link: Link) => ToolAnswer
  /** Says how it stands, while the caller waits. Missing where the caller would not hear it. */
  report?: (message: string) => Promise<void>
}

export interface Link {
  id: string
  url: string
  message: string
}

const CONSENT = 'consent'

/** What is known of a caller before its message is read. */
export interface CallerAbilities {
  /** Said at `initialize`, in revisions that have it: callers of those since say it with each call. */
  elicitsUrl: boolean
  signal: AbortSignal
}

export function exchangeOf(server: Server, ctx: ServerContext, { elicitsUrl, signal }: CallerAbilities): Exchange {
  const { _meta, inputResponses, notify, envelope } = ctx.mcpReq
  const answer = inputResponse(inputResponses, CONSENT)
  const linkAnswer = answer.kind !== 'elicit' ? undefined : answer.action === 'accept' ? 'opened' : 'refused'
  const asksWithin = envelope !== undefined && canElicitUrl(server)
  const showLink = asksWithin ? askForInput : elicitsUrl ? refuseForNow : undefined
  const progressToken = _meta?.progressToken
  return {
    signal: AbortSignal.any([signal, ctx.mcpReq.signal]),
    linkAnswer,
    tellsAtOnce: linkAnswer === undefined && (asksWithin || (!showLink && progressToken !== undefined)),
    ...(showLink && linkAnswer === undefined && { showLink }),
    ...(progressToken !== undefined && {
      report: (message) =>
        notify({ method: 'notifications/progress', params: { progressToken, progress: 0, message } }),
    }),
  }
}

function canElicitUrl(server: Server): boolean {
  return server.getClientCapabilities()?.elicitation?.url !== undefined
}

/** Revision 2026-07-28: the client shows the link, and retries the call with what its person said. */
function askForInput({ url, message }: Link): InputRequiredResult {
  return inputRequired({ inputRequests: { [CONSENT]: inputRequired.elicitUrl({ url, message }) } })
}

/** Revision 2025-11-25: -32042, after which the client may call again. */
function refuseForNow({ id, url, message }: Link): never {
  throw new UrlElicitationRequiredError([{ mode: 'url', elicitationId: id, url, message }], message)
}
