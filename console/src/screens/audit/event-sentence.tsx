import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Names } from '../../names.ts'
import { sentenceOf } from './actions.ts'
import type { AuditEvent } from './audit-log.ts'

const PLACEHOLDER = /\{(\w+)\}/

/** What happened, with names where they are known. */
export function EventSentence({ event, names }: { event: AuditEvent; names: Names }) {
  // Every second part is what stood in braces.
  const parts = sentenceOf(event).split(PLACEHOLDER)
  const inside = { ...names, nameOf: (id: string) => (names.nameOf(id) === undefined ? undefined : names.within(id)) }
  return parts.map((part, place) => {
    if (place % 2 === 0) return part
    const called = place === 1 && parts[0] === '' ? names : inside
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a sentence do not move
    return <Part key={place} name={part} event={event} names={called} />
  })
}

function Part({ name, event, names }: { name: string; event: AuditEvent; names: Names }): ReactNode {
  if (name === 'agent') return <AgentName id={event.agent_id} names={names} />
  if (name === 'client') return <ClientName id={event.client_id} names={names} />
  if (name === 'actor') return <Name id={event.actor} names={names} />
  if (name === 'target') return <Name id={event.target} names={names} />
  const value = event.detail[name]
  if (name === 'user_id') return <Name id={typeof value === 'string' ? value : null} names={names} />
  return <strong className="font-medium">{wordsOf(value)}</strong>
}

function wordsOf(value: unknown): string {
  if (Array.isArray(value)) return value.map((word) => String(word).replaceAll('_', ' ')).join(', ')
  return value === undefined || value === null ? 'unknown' : String(value)
}

interface NameProps {
  id: string | null
  names: Names
}

function Name({ id, names }: NameProps) {
  if (id === null) return 'somebody'
  const name = names.nameOf(id)
  if (name !== undefined) return <strong className="font-medium">{name}</strong>
  return <code className="font-mono text-[0.8125rem]">{id}</code>
}

/** Above the button that covers the row. */
const LINK = 'relative font-medium hover:underline'

function AgentName({ id, names }: NameProps) {
  const name = id === null ? undefined : names.nameOf(id)
  if (id === null || name === undefined) return id === null ? 'an agent' : <Name id={id} names={names} />
  return (
    <Link to="/agents/$agentId" params={{ agentId: id }} className={LINK}>
      {name}
    </Link>
  )
}

function ClientName({ id, names }: NameProps) {
  const name = id === null ? undefined : names.nameOf(id)
  if (id === null || name === undefined) return id === null ? 'an application' : <Name id={id} names={names} />
  return (
    <Link to="/applications/$clientId" params={{ clientId: id }} className={LINK}>
      {name}
    </Link>
  )
}
