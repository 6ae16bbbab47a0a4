import { Switch as Primitive } from 'radix-ui'
import type { ComponentProps } from 'react'
import { cn } from './class-names.ts'

export function Switch({ className, ...props }: ComponentProps<typeof Primitive.Root>) {
  return (
    <Primitive.Root
      className={cn(
        'relative inline-flex h-6 w-10 shrink-0 items-center rounded-full border border-input bg-muted transition-colors',
        'disabled:cursor-not-allowed disabled:opacity-55 data-[state=checked]:border-primary data-[state=checked]:bg-primary',
        className,
      )}
      {...props}
    >
      <Primitive.Thumb
        className={cn(
          'block size-4 translate-x-[3px] rounded-full bg-input transition-transform',
          'data-[state=checked]:translate-x-[19px] data-[state=checked]:bg-primary-foreground',
        )}
      />
    </Primitive.Root>
  )
}
