import { cva, type VariantProps } from 'class-variance-authority'
import { LoaderCircle } from 'lucide-react'
import { Slot } from 'radix-ui'
import type { ComponentProps, MouseEvent } from 'react'
import { cn } from './class-names.ts'

export const buttonLook = cva(
  [
    'relative inline-flex shrink-0 items-center justify-center gap-2 rounded-lg font-medium whitespace-nowrap select-none',
    'transition-colors duration-100 disabled:cursor-not-allowed disabled:opacity-50',
    "[&_svg]:pointer-events-none [&_svg]:shrink-0 [&_svg:not([class*='size-'])]:size-4",
  ],
  {
    variants: {
      variant: {
        default: 'bg-primary text-primary-foreground hover:bg-primary-hover',
        outline: 'border border-border bg-card text-foreground shadow-card hover:border-input hover:bg-muted',
        ghost: 'text-foreground hover:bg-hover',
        destructive: 'bg-destructive text-destructive-foreground hover:bg-destructive-hover',
        'destructive-outline': 'border border-border bg-card text-destructive shadow-card hover:bg-destructive-ground',
        link: 'link h-auto px-0',
      },
      size: {
        default: 'h-9 px-3.5 text-sm',
        sm: 'h-8 rounded-md px-2.5 text-[0.8125rem]',
        lg: 'h-11 px-5 text-[0.9375rem]',
        icon: 'size-9',
        'icon-sm': 'size-8 rounded-md',
      },
    },
    defaultVariants: { variant: 'default', size: 'default' },
  },
)

interface ButtonProps extends ComponentProps<'button'>, VariantProps<typeof buttonLook> {
  asChild?: boolean
  /** It is being done. The button keeps the focus, turns a wheel and does nothing. */
  pending?: boolean
}

export function Button({ className, variant, size, asChild, pending = false, type, ...props }: ButtonProps) {
  const look = cn(buttonLook({ variant, size }), pending && 'cursor-progress', className)
  if (asChild) return <Slot.Root className={look} {...props} />
  const { children, onClick, ...rest } = props
  return (
    <button
      type={type ?? 'button'}
      className={look}
      aria-disabled={pending || undefined}
      aria-busy={pending || undefined}
      onClick={pending ? stop : onClick}
      {...rest}
    >
      {pending && <LoaderCircle className="absolute animate-spin" aria-hidden />}
      <span className={pending ? 'inline-flex items-center gap-2 opacity-0' : 'contents'}>{children}</span>
    </button>
  )
}

/** Not `disabled`: that would drop the focus. A submit button that is stopped submits nothing by Enter either. */
function stop(event: MouseEvent): void {
  event.preventDefault()
}
