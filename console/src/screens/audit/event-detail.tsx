import { Link } from '@tanstack/react-router'
import { ArrowRight, ListFilter } from 'lucide-react'
import { Button } from '../../components/button.tsx'
import { CodeBlock } from '../../components/code-block.tsx'
import type { AuditEvent, AuditFilter } from './audit-log.ts'

/** The event as it is in the log, every field of which its hash covers, and ways on from it. */
export function EventDetail({ event }: { event: AuditEvent }) {
  const { actor, action, agent_id, client_id, request_id } = event
  return (
    <div className="grid gap-3 border-t bg-muted/40 px-4 py-4 sm:pr-5 sm:pl-15">
      <div className="flex flex-wrap gap-2">
        <Only filter={{ actor }}>Only this actor</Only>
        <Only filter={{ action }}>Only this action</Only>
        {agent_id !== null && <Only filter={{ agent_id }}>Only this agent</Only>}
        {client_id !== null && <Only filter={{ client_id }}>Only this application</Only>}
        {request_id !== null && (
          <Button variant="outline" size="sm" asChild>
            <Link to="/sign-ins" search={{ request_id }}>
              See the sign-in
              <ArrowRight aria-hidden />
            </Link>
          </Button>
        )}
      </div>
      <CodeBlock title="Event" code={JSON.stringify(event, undefined, 2)} />
    </div>
  )
}

function Only({ filter, children }: { filter: AuditFilter; children: string }) {
  return (
    <Button variant="outline" size="sm" asChild>
      <Link to="/audit" search={(before) => ({ ...before, ...filter })}>
        <ListFilter aria-hidden />
        {children}
      </Link>
    </Button>
  )
}
