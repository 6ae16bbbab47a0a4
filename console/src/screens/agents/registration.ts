import { useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { type Agent, allAgentsQuery, createAgent } from '../../agents.ts'
import { ApiFailure, isFailure } from '../../api.ts'
import { useAct } from '../../use-act.ts'
import { makeKeyPair } from './key-pair.ts'
import { defaultPolicy, type Policy, settingsOf } from './policy.ts'

/** What is typed about an agent that is not there yet. */
export interface Draft {
  name: string
  model: string
  /** Email of a member; empty is oneself. */
  owner: string
  proof: 'secret' | 'key'
  /** How many days the secret lives; 0 is for ever. */
  secretDays: number
  policy: Policy
}

export const EMPTY_DRAFT: Draft = {
  name: '',
  model: '',
  owner: '',
  proof: 'secret',
  secretDays: 0,
  policy: defaultPolicy(false),
}

export type Registered = Awaited<ReturnType<typeof register>>

async function register(draft: Draft) {
  const keyPair = draft.proof === 'key' ? await makeKeyPair() : undefined
  const agent = await createAgent({
    agent_name: draft.name.trim(),
    model: draft.model.trim() || null,
    ...(draft.owner && { user_email: draft.owner }),
    ...(draft.secretDays > 0 && { secret_expires_in: draft.secretDays * 86_400 }),
    ...(keyPair && { jwk: keyPair.publicJwk }),
    ...settingsOf(draft.policy),
  })
  return { agent, keyPair }
}

/** Who waits for a button is told at once that it did not work. */
const ALL_AGENTS = { ...allAgentsQuery, retry: false }

/**
 * Registers an agent, once. A try whose answer was lost may have gone through, so the next one looks first, and says so
 * instead of making a second agent; who wants a second one tries again.
 */
export function useRegistration(onDone: () => void) {
  const client = useQueryClient()
  const idsBefore = useRef<ReadonlySet<string>>(undefined)
  const [madeBefore, setMadeBefore] = useState<Agent>()

  const act = async (draft: Draft) => {
    if (idsBefore.current) {
      const made = findMade(await client.fetchQuery({ ...ALL_AGENTS, staleTime: 0 }), idsBefore.current, draft)
      idsBefore.current = undefined
      setMadeBefore(made)
      if (made) throw new ApiFailure(409, 'made_before', MADE_BEFORE)
    }
    const before = await client.fetchQuery(ALL_AGENTS)
    return register(draft).catch((error: unknown) => {
      if (isFailure(error, 'connection_lost')) idsBefore.current = new Set(before.map(({ agent_id }) => agent_id))
      throw error
    })
  }
  return { ...useAct({ act, changes: ['agents', 'overview'], inForm: true, onDone }), madeBefore }
}

const MADE_BEFORE =
  'The try before went through: this agent is there already. Only its secret was lost on the way; open the agent and make a new one.'

function findMade(agents: readonly Agent[], before: ReadonlySet<string>, { name }: Draft): Agent | undefined {
  return agents.find(({ agent_id, agent_name }) => !before.has(agent_id) && agent_name === name.trim())
}
