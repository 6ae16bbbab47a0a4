import { Fingerprint, KeyRound, type LucideIcon, MonitorCheck, UserRoundCheck } from 'lucide-react'
import { Badge } from './badge.tsx'

export interface AssuranceLevel {
  level: 1 | 2 | 3 | 4
  /** As tokens carry it. */
  acr: string
  label: string
  /** What that is worth, to who has never heard of assurance. */
  meaning: string
  icon: LucideIcon
}

/** How sure one can be that the agent is who it says, the weakest first (server/src/identity/assurance.ts). */
export const ASSURANCE_LEVELS: readonly AssuranceLevel[] = [
  {
    level: 1,
    acr: 'aa1',
    label: 'Secret',
    meaning: 'The agent sends its secret. Whoever learns the secret can sign in as the agent.',
    icon: KeyRound,
  },
  {
    level: 2,
    acr: 'aa2',
    label: 'Key',
    meaning: 'The agent signs each request with its private key. Nothing that leaves it can be used a second time.',
    icon: Fingerprint,
  },
  {
    level: 3,
    acr: 'aa3',
    label: 'Key, same browser',
    meaning: 'And it does so from the very browser that is being signed in, so nobody can lure it into another.',
    icon: MonitorCheck,
  },
  {
    level: 4,
    acr: 'aa4',
    label: 'Key, and a person',
    meaning: 'And a person approves each sign-in.',
    icon: UserRoundCheck,
  },
]

/** How well an agent proved itself in one sign-in. */
export function AssuranceBadge({ acr }: { acr: string | null }) {
  const found = ASSURANCE_LEVELS.find((level) => level.acr === acr)
  if (!found) return <span className="text-muted-foreground">{acr ?? 'not yet'}</span>
  const { icon: Icon, label, meaning } = found
  return (
    <Badge tone="outline" title={meaning}>
      <Icon aria-hidden />
      {label}
    </Badge>
  )
}
