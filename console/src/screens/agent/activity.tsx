import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Agent } from '../../agents.ts'
import { Card, CardContent, CardHeader } from '../../components/card.tsx'
import { CopyText } from '../../components/copy-button.tsx'
import { DataItem, DataList } from '../../components/data-list.tsx'
import { LatestSignInsCard } from '../../components/latest-sign-ins.tsx'
import { LiveGrants } from '../../components/live-grants.tsx'
import { RelativeTime } from '../../components/relative-time.tsx'
import { policyOf } from '../agents/policy.ts'
import { policyWords } from '../agents/policy-words.ts'

/** Where the agent is now, where it was, and who it is. */
export function AgentActivity({ agent }: { agent: Agent }) {
  const of = { agent_id: agent.agent_id }
  return (
    <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,1fr)_20rem]">
      <div className="grid min-w-0 gap-5">
        <LiveGrants of={of} empty="It is in nowhere at the moment." />
        <LatestSignInsCard
          filter={of}
          most={10}
          empty={
            <>
              It has not signed in anywhere yet. How it does so, ready to run, stands under{' '}
              <Link
                to="/agents/$agentId"
                params={{ agentId: agent.agent_id }}
                search={{ tab: 'secrets' }}
                className="link"
              >
                Secrets
              </Link>
              .
            </>
          }
        />
      </div>
      <About agent={agent} />
    </div>
  )
}

function About({ agent }: { agent: Agent }) {
  return (
    <Card>
      <CardHeader title="About" />
      <CardContent className="pt-2 sm:pt-2">
        <DataList>
          <Item label="Agent id">
            <CopyText value={agent.agent_id} what="agent id" />
          </Item>
          <Item label="Acts for">
            {agent.user_name}
            <span className="block text-[0.8125rem] text-muted-foreground">
              {agent.user_email}
              {agent.user_email_verified || ', not confirmed yet'}
            </span>
          </Item>
          <Item label="Proves itself with">{agent.jwk ? 'a key pair, or its secret' : 'a secret'}</Item>
          <Item label="Policy">
            <ul className="grid list-disc gap-0.5 pl-4 marker:text-muted-foreground">
              {policyWords(policyOf(agent)).map((words) => (
                <li key={words}>{words}</li>
              ))}
            </ul>
          </Item>
          {agent.capabilities.length > 0 && <Item label="Capabilities">{agent.capabilities.join(', ')}</Item>}
          <Item label="Last sign-in">
            <RelativeTime at={agent.last_sign_in_at} never="never yet" />
          </Item>
          <Item label="Created">
            <RelativeTime at={agent.created_at} />
          </Item>
        </DataList>
      </CardContent>
    </Card>
  )
}

/** In a narrow card, the value stands below its name. */
function Item({ label, children }: { label: string; children: ReactNode }) {
  return (
    <DataItem label={label} className="sm:grid-cols-1">
      {children}
    </DataItem>
  )
}
