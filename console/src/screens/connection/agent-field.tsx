import { useQuery } from '@tanstack/react-query'
import { allAgentsQuery, nameOf } from '../../agents.ts'
import { FormField } from '../../components/form-field.tsx'
import { Select, SelectContent, SelectItem, SelectTrigger, SelectValue } from '../../components/select.tsx'

interface AgentFieldProps {
  /** Empty: none yet. */
  agentId: string
  onChange: (agentId: string) => void
}

/** One of the organization's agents. Typing its first letters finds it in a long list. */
export function AgentField({ agentId, onChange }: AgentFieldProps) {
  const { data: agents = [], isPending } = useQuery(allAgentsQuery)
  const isEmpty = !isPending && agents.length === 0
  return (
    <FormField
      label="Agent"
      name="agent_id"
      hint={isEmpty ? 'There are no agents in this organization yet. Make one in Agents first.' : undefined}
    >
      {(control) => (
        <Select value={agentId} onValueChange={onChange} disabled={agents.length === 0}>
          <SelectTrigger {...control}>
            <SelectValue placeholder="Choose an agent" />
          </SelectTrigger>
          <SelectContent>
            {agents.map((agent) => (
              <SelectItem key={agent.agent_id} value={agent.agent_id} description={`of ${agent.user_name}`}>
                {nameOf(agent)}
              </SelectItem>
            ))}
          </SelectContent>
        </Select>
      )}
    </FormField>
  )
}
