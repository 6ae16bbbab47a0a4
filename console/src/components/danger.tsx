import { type ReactNode, useState } from 'react'
import { Button } from './button.tsx'
import { ConfirmDialog } from './confirm-dialog.tsx'

interface DangerItemProps {
  title: string
  /** The button; it asks before it acts. */
  action: ReactNode
  /** What will happen. */
  children: ReactNode
}

/** One act that hurts, with its words and its button, inside a card. */
export function DangerItem({ title, action, children }: DangerItemProps) {
  return (
    <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3 border-b px-4 py-4 last:border-0 sm:flex-nowrap sm:px-5">
      <div className="grid min-w-0 gap-0.5">
        <h2 className="font-medium">{title}</h2>
        <p className="text-muted-foreground">{children}</p>
      </div>
      {action}
    </div>
  )
}

interface DangerButtonProps {
  label: string
  disabled?: boolean
  /** The question, what will happen, and the verb on its button. */
  title: string
  description: ReactNode
  action: string
  /** What has to be typed first. */
  typed?: string
  /** Of `useAct`; the question closes when it has succeeded. */
  act: { run: () => void; pending: boolean; succeeded: boolean; reset: () => void }
}

/** A button that asks before it acts. */
export function DangerButton({ label, disabled = false, act, ...question }: DangerButtonProps) {
  const [asking, setAsking] = useState(false)
  const ask = (open: boolean) => {
    if (open) act.reset()
    setAsking(open)
  }
  return (
    <>
      <Button variant="destructive-outline" disabled={disabled} onClick={() => ask(true)}>
        {label}
      </Button>
      <ConfirmDialog
        open={asking && !act.succeeded}
        onOpenChange={ask}
        pending={act.pending}
        onConfirm={act.run}
        {...question}
      />
    </>
  )
}
