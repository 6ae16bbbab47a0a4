import { useState } from 'react'
import { type Agent, type AgentSettings, updateAgent } from '../../agents.ts'
import { Button } from '../../components/button.tsx'
import { Card, CardContent, CardFooter } from '../../components/card.tsx'
import { Form, FormField } from '../../components/form-field.tsx'
import { Input } from '../../components/input.tsx'
import { UnsavedGuard } from '../../components/unsaved-guard.tsx'
import { useAct } from '../../use-act.ts'
import { policyOf, settingsOf } from '../agents/policy.ts'
import { PolicyFields } from '../agents/policy-fields.tsx'
import { NotYours } from './not-yours.tsx'

interface AgentPolicyProps {
  agent: Agent
  manages: boolean
}

/** Begins anew from what the server says after each save, and not when somebody else changes something meanwhile. */
export function AgentPolicy({ agent, manages }: AgentPolicyProps) {
  const [base, setBase] = useState({ agent, saves: 0 })
  const saved = (latest: Agent) => setBase(({ saves }) => ({ agent: latest, saves: saves + 1 }))
  return (
    <div className="grid max-w-3xl gap-4">
      {manages || <NotYours owner={agent.user_name} />}
      <PolicyForm key={base.saves} agent={base.agent} hasKey={agent.jwk !== null} manages={manages} onSaved={saved} />
    </div>
  )
}

interface PolicyFormProps extends AgentPolicyProps {
  hasKey: boolean
  onSaved: (agent: Agent) => void
}

function PolicyForm({ agent, hasKey, manages, onSaved }: PolicyFormProps) {
  const [name, setName] = useState(agent.agent_name ?? '')
  const [model, setModel] = useState(agent.model ?? '')
  const [policy, setPolicy] = useState(policyOf(agent))
  const save = useAct({
    act: (changes: AgentSettings) => updateAgent(agent.agent_id, changes),
    changes: ['agents', 'approvals'],
    done: 'Saved. It holds from the next sign-in on',
    onDone: onSaved,
    inForm: true,
  })
  const changes = changesOf(agent, {
    agent_name: name.trim() || null,
    model: model.trim() || null,
    ...settingsOf(policy),
  })
  const dirty = Object.keys(changes).length > 0

  return (
    <Card>
      <Form failure={save.failure} onSubmit={() => save.run(changes)} className="gap-0">
        <fieldset disabled={!manages} className="min-w-0">
          <CardContent className="grid gap-7">
            <div className="grid items-start gap-5 sm:grid-cols-2">
              <FormField label="Name" name="agent_name">
                <Input
                  value={name}
                  onChange={(event) => setName(event.target.value)}
                  maxLength={100}
                  autoComplete="off"
                  required
                />
              </FormField>
              <FormField label="Model" name="model" optional>
                <Input
                  value={model}
                  onChange={(event) => setModel(event.target.value)}
                  maxLength={200}
                  autoComplete="off"
                  spellCheck={false}
                />
              </FormField>
            </div>
            <PolicyFields policy={policy} onChange={setPolicy} hasKey={hasKey} faults={save.failure?.fields ?? {}} />
          </CardContent>
        </fieldset>
        {manages && (
          <CardFooter className="sticky bottom-0 rounded-b-xl bg-muted">
            <p role="status" className="mr-auto text-[0.8125rem] text-muted-foreground">
              {dirty ? 'There are changes that are not saved.' : 'Everything is saved.'}
            </p>
            <Button type="submit" pending={save.pending} disabled={!dirty}>
              Save
            </Button>
          </CardFooter>
        )}
      </Form>
      <UnsavedGuard dirty={dirty} />
    </Card>
  )
}

/** Only what is different is sent: what somebody else changed meanwhile stays theirs. */
function changesOf(agent: Agent, wanted: AgentSettings): AgentSettings {
  const before: AgentSettings = { agent_name: agent.agent_name, model: agent.model, ...settingsOf(policyOf(agent)) }
  const given = Object.entries(wanted).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name as keyof AgentSettings]),
  )
  return Object.fromEntries(given)
}
