import { Dialog as Primitive } from 'radix-ui'
import type { ComponentProps, ReactNode } from 'react'
import { cn } from './class-names.ts'
import { CloseCross, SCRIM } from './dialog.tsx'
import { returnFocus } from './return-focus.ts'

export const Sheet = Primitive.Root
export const SheetTrigger = Primitive.Trigger
export const SheetClose = Primitive.Close

interface SheetContentProps extends Omit<ComponentProps<typeof Primitive.Content>, 'title'> {
  title: ReactNode
  description?: ReactNode
  side?: 'left' | 'right'
}

/** A panel at the side: the navigation of a phone, the details of a row. */
export function SheetContent({ title, description, side = 'right', className, children, ...props }: SheetContentProps) {
  return (
    <Primitive.Portal>
      <Primitive.Overlay className={SCRIM} />
      <Primitive.Content
        className={cn(
          'fixed inset-y-0 z-50 flex w-full flex-col overflow-y-auto bg-popover shadow-raised outline-none',
          side === 'left'
            ? 'left-0 max-w-72 animate-from-left border-r'
            : 'right-0 max-w-xl animate-from-right border-l',
          className,
        )}
        onCloseAutoFocus={returnFocus}
        {...(!description && { 'aria-describedby': undefined })}
        {...props}
      >
        <div className="grid gap-1 py-5 pr-14 pl-5 sm:pl-6">
          <Primitive.Title className="text-base leading-snug font-semibold tracking-tight">{title}</Primitive.Title>
          {description && (
            <Primitive.Description asChild>
              <div className="text-muted-foreground">{description}</div>
            </Primitive.Description>
          )}
        </div>
        {children}
        <CloseCross />
      </Primitive.Content>
    </Primitive.Portal>
  )
}

/** What ends a form in a sheet: in reach however long the form is. */
export function SheetActions({ children }: { children: ReactNode }) {
  return (
    <div className="sticky bottom-0 mt-auto grid grid-cols-2 gap-2 border-t bg-popover px-5 py-3.5 sm:flex sm:justify-end sm:px-6">
      {children}
    </div>
  )
}
