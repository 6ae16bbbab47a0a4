import { useQuery } from '@tanstack/react-query'
import { allAgentsQuery, nameOf } from './agents.ts'
import { allApplicationsQuery } from './applications.ts'
import { useMe } from './me.ts'
import { manyMembersQuery, memberName } from './members.ts'

export interface Named {
  id: string
  name: string
}

/** Who may stand in an event, or have used something. Ids never change; names are what they are called now. */
export interface Names {
  people: readonly Named[]
  agents: readonly Named[]
  applications: readonly Named[]
  nameOf: (id: string) => string | undefined
  /** The same further on in a sentence, where "You" is "you"; the id of who is gone. */
  within: (id: string) => string
}

const NOT_PEOPLE: readonly Named[] = [
  { id: 'operator', name: 'The operator' },
  { id: 'anonymous', name: 'Somebody' },
]

export function useNames(): Names {
  const { user } = useMe()
  const members = useQuery(manyMembersQuery).data ?? []
  const agents = (useQuery(allAgentsQuery).data ?? []).map((agent) => ({ id: agent.agent_id, name: nameOf(agent) }))
  const applications = (useQuery(allApplicationsQuery).data ?? []).map(({ client_id, client_name }) => ({
    id: client_id,
    name: client_name,
  }))
  const people = [
    ...members.map((member) => ({
      id: member.user_id,
      name: member.user_id === user.id ? 'You' : memberName(member),
    })),
    ...NOT_PEOPLE,
  ]
  const byId = new Map([...people, ...agents, ...applications].map(({ id, name }) => [id, name]))
  const isWord = (id: string) => id === user.id || NOT_PEOPLE.some((word) => word.id === id)
  return {
    people,
    agents,
    applications,
    nameOf: (id) => byId.get(id),
    within: (id) => {
      const name = byId.get(id) ?? id
      return isWord(id) ? name.toLowerCase() : name
    },
  }
}
