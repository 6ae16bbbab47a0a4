import { CircleAlert } from 'lucide-react'
import { type ReactNode, useId } from 'react'
import { cn } from './class-names.ts'

interface FieldGroupProps {
  legend: ReactNode
  hint?: ReactNode
  error?: string | undefined
  className?: string
  children: ReactNode
}

/** Several controls that answer one question, such as a `RadioGroup`; a single one has `FormField`. */
export function FieldGroup({ legend, hint, error, className, children }: FieldGroupProps) {
  const id = useId()
  const described = [...(error === undefined ? [] : [`${id}-error`]), ...(hint === undefined ? [] : [`${id}-hint`])]
  return (
    <fieldset
      className={cn('grid min-w-0 gap-2', className)}
      {...(described.length > 0 && { 'aria-describedby': described.join(' ') })}
    >
      <legend className="mb-1.5 leading-snug font-medium">{legend}</legend>
      {hint !== undefined && (
        <p id={`${id}-hint`} className="-mt-1 mb-1 text-[0.8125rem] text-muted-foreground">
          {hint}
        </p>
      )}
      {children}
      {error !== undefined && (
        <p id={`${id}-error`} className="flex gap-1.5 text-[0.8125rem] text-destructive">
          <CircleAlert className="mt-0.5 size-3.5 shrink-0" aria-hidden />
          {error}
        </p>
      )}
    </fieldset>
  )
}
