import { Link } from '@tanstack/react-router'
import { type Agent, nameOf } from '../../agents.ts'
import { Initials } from '../../components/initials.tsx'
import { RelativeTime } from '../../components/relative-time.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { ROW_LINK, Table, TableBody, TableCell, TableHead, TableHeader, TableRow } from '../../components/table.tsx'
import { useMe } from '../../me.ts'
import { levelLabel } from './policy-words.ts'

export function AgentTable({ agents }: { agents: readonly Agent[] }) {
  return (
    <Table label="Agents">
      <TableHeader>
        <TableRow>
          <TableHead className="w-[34%]">Agent</TableHead>
          <TableHead className="w-[22%]">Owner</TableHead>
          <TableHead>Status</TableHead>
          <TableHead>Proves at least</TableHead>
          <TableHead>Last sign-in</TableHead>
        </TableRow>
      </TableHeader>
      <TableBody>
        {agents.map((agent) => (
          <AgentRow key={agent.agent_id} agent={agent} />
        ))}
      </TableBody>
    </Table>
  )
}

function AgentRow({ agent }: { agent: Agent }) {
  const { user } = useMe()
  const name = nameOf(agent)
  return (
    <TableRow>
      <TableCell>
        <div className="flex min-w-0 items-center gap-3">
          <Initials name={name} />
          <div className="grid min-w-0">
            <Link to="/agents/$agentId" params={{ agentId: agent.agent_id }} className={`${ROW_LINK} truncate`}>
              {name}
            </Link>
            <span className="truncate text-[0.8125rem] text-muted-foreground">{agent.model ?? 'no usual model'}</span>
          </div>
        </div>
      </TableCell>
      <TableCell label="Owner">
        <span className="block truncate" title={agent.user_email}>
          {agent.user_id === user.id ? 'You' : agent.user_name}
        </span>
      </TableCell>
      <TableCell label="Status">
        <StatusBadge status={agent.disabled ? 'disabled' : 'active'} />
      </TableCell>
      <TableCell label="Proves at least" className="text-muted-foreground">
        {levelLabel(agent.min_level)}
      </TableCell>
      <TableCell label="Last sign-in" className="text-muted-foreground">
        <RelativeTime at={agent.last_sign_in_at} never="never yet" />
      </TableCell>
    </TableRow>
  )
}
