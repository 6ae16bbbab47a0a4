import { Bot, UserRound, UsersRound } from 'lucide-react'
import type { Application } from '../../applications.ts'
import { Badge } from '../../components/badge.tsx'
import { type SignsIn, signsInOf } from './draft.ts'

const LOOKS: Record<SignsIn, { label: string; icon: typeof Bot }> = {
  agent: { label: 'Agents', icon: Bot },
  user: { label: 'People', icon: UserRound },
  both: { label: 'Agents and people', icon: UsersRound },
}

export function SubjectBadge({ subjects }: { subjects: Application['subjects'] }) {
  const { label, icon: Icon } = LOOKS[signsInOf(subjects)]
  return (
    <Badge tone="outline">
      <Icon aria-hidden />
      {label}
    </Badge>
  )
}
