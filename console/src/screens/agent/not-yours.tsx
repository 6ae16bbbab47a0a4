import { Lock } from 'lucide-react'

/** In the place of buttons that would be refused. */
export function NotYours({ owner }: { owner: string }) {
  return (
    <p className="flex items-center gap-2 rounded-lg bg-muted px-3 py-2.5 text-[0.8125rem] text-muted-foreground">
      <Lock className="size-4 shrink-0" aria-hidden />
      Only {owner} and administrators can change this.
    </p>
  )
}
