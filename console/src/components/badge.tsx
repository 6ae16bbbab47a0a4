import { cva, type VariantProps } from 'class-variance-authority'
import type { ComponentProps } from 'react'
import { cn } from './class-names.ts'

const badgeLook = cva(
  'inline-flex w-fit max-w-full items-center gap-1.5 rounded-full px-2 py-0.5 text-xs leading-4 font-medium [&>svg]:size-3.5 [&>svg]:shrink-0',
  {
    variants: {
      tone: {
        neutral: 'bg-muted text-muted-foreground',
        success: 'bg-success-ground text-success',
        warning: 'bg-warning-ground text-warning',
        danger: 'bg-destructive-ground text-destructive',
        info: 'bg-info-ground text-info',
        outline: 'border text-muted-foreground',
      },
    },
    defaultVariants: { tone: 'neutral' },
  },
)

export type Tone = 'neutral' | 'success' | 'warning' | 'danger' | 'info'

interface BadgeProps extends ComponentProps<'span'>, VariantProps<typeof badgeLook> {}

export function Badge({ className, tone, ...props }: BadgeProps) {
  return <span className={cn(badgeLook({ tone }), className)} {...props} />
}
