import { RadioGroup as Primitive } from 'radix-ui'
import { type ComponentProps, type ReactNode, useId } from 'react'
import { cn } from './class-names.ts'

export function RadioGroup({ className, ...props }: ComponentProps<typeof Primitive.Root>) {
  return <Primitive.Root className={cn('grid gap-2', className)} {...props} />
}

interface RadioChoiceProps extends Omit<ComponentProps<typeof Primitive.Item>, 'id'> {
  label: ReactNode
  hint?: ReactNode
}

/** One choice as a card of its own, all of which can be hit. */
export function RadioChoice({ label, hint, className, ...props }: RadioChoiceProps) {
  const id = useId()
  return (
    <label
      htmlFor={id}
      className={cn(
        'flex cursor-pointer gap-3 rounded-lg border bg-card p-3 transition-colors hover:border-input',
        'has-[[data-state=checked]]:border-primary has-[[data-state=checked]]:bg-primary-ground',
        className,
      )}
    >
      <Primitive.Item
        id={id}
        // Named by the first line alone: the label holds the hint too, which would be read twice.
        aria-labelledby={`${id}-label`}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        className="control mt-px grid size-[1.125rem] shrink-0 place-items-center rounded-full data-[state=checked]:border-primary"
        {...props}
      >
        <Primitive.Indicator className="size-2.5 rounded-full bg-primary" />
      </Primitive.Item>
      <span className="grid content-start gap-0.5">
        <span id={`${id}-label`} className="font-medium">
          {label}
        </span>
        {hint !== undefined && (
          <span id={`${id}-hint`} className="text-[0.8125rem] text-muted-foreground">
            {hint}
          </span>
        )}
      </span>
    </label>
  )
}
