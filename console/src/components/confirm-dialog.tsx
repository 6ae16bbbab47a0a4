import { AlertDialog as Primitive } from 'radix-ui'
import { type ReactNode, type SyntheticEvent, useId, useState } from 'react'
import { Button } from './button.tsx'
import { cn } from './class-names.ts'
import { DialogFooter, PANEL, SCRIM } from './dialog.tsx'
import { Input } from './input.tsx'
import { Label } from './label.tsx'
import { returnFocus } from './return-focus.ts'

interface ConfirmDialogProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: ReactNode
  /** What will happen, and whether it can be undone. */
  description: ReactNode
  /** The verb on the button: "Delete agent". */
  action: string
  onConfirm: () => void
  pending?: boolean
  destructive?: boolean
  /** What has to be typed first, such as the name of what is deleted. */
  typed?: string
  children?: ReactNode
}

/** Asks before what cannot be undone. Stays open until the caller closes it, so that a failure can be seen. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  return (
    <Primitive.Root open={props.open} onOpenChange={props.onOpenChange}>
      <Primitive.Portal>
        <Primitive.Overlay className={SCRIM} />
        <Primitive.Content className={cn(PANEL, 'sm:max-w-md')} onCloseAutoFocus={returnFocus}>
          <Question {...props} />
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  )
}

/** Apart from the dialog, so that what was typed is gone when it opens again. */
function Question(props: ConfirmDialogProps) {
  const { title, description, action, onConfirm, pending = false, destructive = true, typed, children } = props
  const [text, setText] = useState('')
  const id = useId()
  const allowed = typed === undefined || text.trim() === typed

  const confirm = (event: SyntheticEvent) => {
    event.preventDefault()
    if (allowed && !pending) onConfirm()
  }

  return (
    <form onSubmit={confirm} className="flex min-h-0 flex-col">
      <div className="grid gap-2 overflow-y-auto px-5 pt-5 pb-5 sm:px-6 sm:pt-6">
        <Primitive.Title className="text-base leading-snug font-semibold tracking-tight">{title}</Primitive.Title>
        <Primitive.Description asChild>
          <div className="text-muted-foreground">{description}</div>
        </Primitive.Description>
        {children}
        {typed !== undefined && (
          <div className="mt-2 grid gap-1.5">
            <Label htmlFor={id}>
              Type <span className="font-mono text-[0.8125rem]">{typed}</span> to confirm
            </Label>
            <Input id={id} value={text} onChange={(event) => setText(event.target.value)} autoComplete="off" />
          </div>
        )}
      </div>
      <DialogFooter>
        <Primitive.Cancel asChild>
          <Button variant="outline">Cancel</Button>
        </Primitive.Cancel>
        <Button type="submit" variant={destructive ? 'destructive' : 'default'} pending={pending} disabled={!allowed}>
          {action}
        </Button>
      </DialogFooter>
    </form>
  )
}
