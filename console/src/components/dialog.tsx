import { X } from 'lucide-react'
import { Dialog as Primitive } from 'radix-ui'
import type { ComponentProps, ReactNode } from 'react'
import { cn } from './class-names.ts'
import { returnFocus } from './return-focus.ts'

export const Dialog = Primitive.Root
export const DialogTrigger = Primitive.Trigger
export const DialogClose = Primitive.Close

export const SCRIM = 'fixed inset-0 z-50 animate-fade bg-scrim backdrop-blur-[2px]'

/** On phones at the lower edge, where the thumb is; in the middle elsewhere. */
export const PANEL = cn(
  'fixed inset-x-0 bottom-0 z-50 flex max-h-[92dvh] animate-appear flex-col overflow-hidden rounded-t-2xl border bg-popover',
  'shadow-raised outline-none sm:inset-auto sm:top-[50%] sm:left-[50%] sm:max-h-[88dvh] sm:w-[calc(100%-2rem)] sm:max-w-lg',
  'sm:-translate-1/2 sm:rounded-2xl',
)

interface DialogContentProps extends Omit<ComponentProps<typeof Primitive.Content>, 'title'> {
  title: ReactNode
  description?: ReactNode
  /** Without a cross, for what must be answered. */
  closable?: boolean
}

export function DialogContent({
  title,
  description,
  closable = true,
  className,
  children,
  ...props
}: DialogContentProps) {
  return (
    <Primitive.Portal>
      <Primitive.Overlay className={SCRIM} />
      <Primitive.Content
        className={cn(PANEL, className)}
        onCloseAutoFocus={returnFocus}
        {...(!description && NO_DESCRIPTION)}
        {...props}
      >
        <div className={cn('grid gap-1 px-5 pt-5 pb-3 sm:px-6 sm:pt-6', closable && 'pr-14 sm:pr-14')}>
          <Primitive.Title className="text-base leading-snug font-semibold tracking-tight">{title}</Primitive.Title>
          {description && (
            <Primitive.Description className="text-muted-foreground">{description}</Primitive.Description>
          )}
        </div>
        {children}
        {closable && <CloseCross />}
      </Primitive.Content>
    </Primitive.Portal>
  )
}

/** Says to Radix that there is none on purpose. */
const NO_DESCRIPTION = { 'aria-describedby': undefined }

export function CloseCross() {
  return (
    <Primitive.Close
      aria-label="Close"
      className="absolute top-4 right-4 grid size-8 place-items-center rounded-md text-muted-foreground hover:bg-hover hover:text-foreground"
    >
      <X className="size-4" aria-hidden />
    </Primitive.Close>
  )
}

/** What scrolls when the dialog is higher than the window: no row is squeezed, not even one that hides its overflow. */
export function DialogBody({ className, ...props }: ComponentProps<'div'>) {
  return (
    <div
      className={cn('grid min-h-0 auto-rows-max gap-4 overflow-y-auto px-5 pt-1 pb-5 sm:px-6', className)}
      {...props}
    />
  )
}

export function DialogFooter({ className, ...props }: ComponentProps<'div'>) {
  return (
    <div
      className={cn(
        'flex flex-col-reverse gap-2 border-t bg-muted/60 px-5 py-3.5 sm:flex-row sm:justify-end sm:px-6',
        className,
      )}
      {...props}
    />
  )
}
