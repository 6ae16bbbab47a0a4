import { Check, ChevronDown } from 'lucide-react'
import { Select as Primitive } from 'radix-ui'
import type { ComponentProps } from 'react'
import { NONCE } from '../nonce.ts'
import { cn } from './class-names.ts'

export const Select = Primitive.Root
export const SelectGroup = Primitive.Group
export const SelectValue = Primitive.Value

export function SelectTrigger({ className, children, ...props }: ComponentProps<typeof Primitive.Trigger>) {
  return (
    <Primitive.Trigger
      className={cn(
        'control flex h-9 w-full min-w-0 items-center justify-between gap-2 px-3 text-left text-sm [&>span]:truncate',
        'data-[placeholder]:text-muted-foreground',
        className,
      )}
      {...props}
    >
      {children}
      <Primitive.Icon asChild>
        <ChevronDown className="size-4 shrink-0 text-muted-foreground" aria-hidden />
      </Primitive.Icon>
    </Primitive.Trigger>
  )
}

export function SelectContent({ className, children, ...props }: ComponentProps<typeof Primitive.Content>) {
  return (
    <Primitive.Portal>
      <Primitive.Content
        position="popper"
        sideOffset={4}
        className={cn(
          'z-50 max-h-(--radix-select-content-available-height) min-w-(--radix-select-trigger-width) animate-appear',
          'overflow-hidden rounded-lg border bg-popover text-foreground shadow-raised',
          className,
        )}
        {...props}
      >
        <Primitive.Viewport nonce={NONCE} className="p-1">
          {children}
        </Primitive.Viewport>
      </Primitive.Content>
    </Primitive.Portal>
  )
}

interface SelectItemProps extends ComponentProps<typeof Primitive.Item> {
  /** A second line, for the list only. */
  description?: string
}

export function SelectItem({ className, children, description, ...props }: SelectItemProps) {
  return (
    <Primitive.Item
      // With a second line the option is named by both, not by the first alone.
      {...(description && { 'aria-labelledby': undefined })}
      className={cn(
        'relative flex min-h-8 cursor-default items-center gap-2 rounded-md py-1.5 pr-8 pl-2.5 text-sm outline-none select-none',
        'data-[disabled]:opacity-50 data-[highlighted]:bg-hover',
        className,
      )}
      {...props}
    >
      <span className="grid">
        <Primitive.ItemText>{children}</Primitive.ItemText>
        {description && <span className="text-[0.8125rem] text-muted-foreground">{description}</span>}
      </span>
      <Primitive.ItemIndicator className="absolute right-2.5">
        <Check className="size-4 text-primary" aria-hidden />
      </Primitive.ItemIndicator>
    </Primitive.Item>
  )
}

export function SelectLabel({ className, ...props }: ComponentProps<typeof Primitive.Label>) {
  return (
    <Primitive.Label className={cn('px-2.5 py-1.5 text-xs font-medium text-muted-foreground', className)} {...props} />
  )
}
