import { useQueryClient } from '@tanstack/react-query'
import { CircleAlert, CircleCheck, ExternalLink } from 'lucide-react'
import { useEffect } from 'react'
import { Button } from '../../components/button.tsx'
import { Dialog, DialogBody, DialogContent, DialogFooter } from '../../components/dialog.tsx'
import { FailureNote } from '../../components/form-field.tsx'
import { SkeletonRows } from '../../components/skeleton.tsx'
import { type McpServer, type McpTest, testMcpServer } from '../../mcp-servers.ts'
import { useAct } from '../../use-act.ts'
import { useAuthorize } from './use-authorize.ts'

interface TestDialogProps {
  /** Undefined keeps it closed. */
  server: McpServer | undefined
  onClose: () => void
}

/** Connects for real, and shows what came of it. */
export function TestDialog({ server, onClose }: TestDialogProps) {
  return (
    <Dialog open={server !== undefined} onOpenChange={(open) => open || onClose()}>
      {server && <Test key={server.id} server={server} onClose={onClose} />}
    </Dialog>
  )
}

function Test({ server, onClose }: { server: McpServer; onClose: () => void }) {
  const client = useQueryClient()
  const test = useAct({
    act: () => testMcpServer(server.id),
    inForm: true,
    onDone: () => void client.invalidateQueries({ queryKey: ['mcp-servers'] }),
  })
  const authorize = useAuthorize()
  const { run } = test
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when it opens
  useEffect(() => run(), [])
  return (
    <DialogContent title={`Test of ${server.name}`} description="We connect to it, and ask what tools it has.">
      <DialogBody>
        <div role="status" aria-busy={test.pending} className="grid gap-4">
          {test.pending && <SkeletonRows rows={3} />}
          {test.failure && <FailureNote failure={test.failure} />}
          {!test.pending && test.data && <Result result={test.data} />}
        </div>
      </DialogBody>
      <DialogFooter>
        <Button variant="outline" onClick={onClose}>
          Close
        </Button>
        {test.data?.error?.code === 'authorization_required' ? (
          <Button pending={authorize.leaving} onClick={() => authorize.run(server)}>
            Authorize
            <ExternalLink aria-hidden />
          </Button>
        ) : (
          <Button pending={test.pending} onClick={() => run()}>
            Test again
          </Button>
        )}
      </DialogFooter>
    </DialogContent>
  )
}

function Result({ result }: { result: McpTest }) {
  const { error, server_info, protocol_version, tools = [], duration_ms } = result
  if (error)
    return (
      <p className="flex gap-2.5 rounded-lg bg-destructive-ground px-3 py-2.5 text-destructive">
        <CircleAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
        <span>{error.message}.</span>
      </p>
    )
  const who = [server_info?.title ?? server_info?.name, server_info?.version].filter(Boolean).join(' ')
  return (
    <>
      <p className="flex gap-2.5 rounded-lg bg-success-ground px-3 py-2.5 text-success">
        <CircleCheck className="mt-0.5 size-4 shrink-0" aria-hidden />
        <span className="min-w-0 break-words">
          It works: {who || 'the server'} answered in {duration_ms} ms, by the protocol of {protocol_version}.
        </span>
      </p>
      {tools.length === 0 ? (
        <p className="text-muted-foreground">It offers no tools.</p>
      ) : (
        <section aria-label="Tools" className="grid min-w-0 gap-2">
          <h3 className="font-medium">{tools.length === 1 ? 'One tool' : `${tools.length} tools`}</h3>
          <ul aria-label="Tools" className="grid min-w-0 gap-3 rounded-lg border p-3">
            {tools.map(({ name, description }) => (
              <li key={name} className="grid min-w-0 gap-0.5">
                <span className="font-mono text-[0.8125rem] break-words">{name}</span>
                {description && (
                  <span className="line-clamp-3 text-[0.8125rem] break-words text-muted-foreground">{description}</span>
                )}
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  )
}
