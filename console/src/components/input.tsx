import { Eye, EyeOff } from 'lucide-react'
import { type ComponentProps, useState } from 'react'
import { cn } from './class-names.ts'

/** On phones the text is 16 px, below which iOS zooms in when a field gets the focus. */
const FIELD = 'control w-full min-w-0 px-3 text-base sm:text-sm'

export function Input({ className, type = 'text', ...props }: ComponentProps<'input'>) {
  return <input type={type} className={cn(FIELD, 'h-9', className)} {...props} />
}

export function Textarea({ className, ...props }: ComponentProps<'textarea'>) {
  return <textarea className={cn(FIELD, 'field-sizing-content min-h-20 py-2', className)} {...props} />
}

interface PasswordInputProps extends ComponentProps<'input'> {
  /** What is hidden, for the name of its button. */
  what?: string
}

/** A password, or another secret, that one may look at while typing. */
export function PasswordInput({ what = 'password', className, ...props }: PasswordInputProps) {
  const [visible, setVisible] = useState(false)
  const Icon = visible ? EyeOff : Eye
  return (
    <div className="relative">
      <Input {...props} type={visible ? 'text' : 'password'} className={cn('pr-10', className)} />
      <button
        type="button"
        className="absolute inset-y-1 right-1 grid w-8 place-items-center rounded-md text-muted-foreground hover:text-foreground"
        aria-label={visible ? `Hide the ${what}` : `Show the ${what}`}
        aria-pressed={visible}
        onClick={() => setVisible(!visible)}
      >
        <Icon className="size-4" aria-hidden />
      </button>
    </div>
  )
}
