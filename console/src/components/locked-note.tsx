import { Lock } from 'lucide-react'
import type { ReactNode } from 'react'

/** In the place of buttons that would be refused: who may press them. */
export function LockedNote({ children }: { children: ReactNode }) {
  return (
    <p className="flex items-center gap-2 rounded-lg bg-muted px-3 py-2.5 text-[0.8125rem] text-muted-foreground">
      <Lock className="size-4 shrink-0" aria-hidden />
      {children}
    </p>
  )
}
