import { CircleAlert } from 'lucide-react'
import { Slot } from 'radix-ui'
import {
  type ComponentProps,
  createContext,
  type ReactElement,
  type ReactNode,
  type SyntheticEvent,
  useContext,
  useEffect,
  useId,
  useRef,
  useState,
} from 'react'
import type { ApiFailure } from '../api.ts'
import { cn } from './class-names.ts'
import { Label } from './label.tsx'

interface FormState {
  failure: ApiFailure | undefined
  /** The fields that are on the screen, and so tell their own faults. */
  names: Set<string>
}

const FormContext = createContext<FormState>({ failure: undefined, names: new Set() })

interface FormProps extends Omit<ComponentProps<'form'>, 'onSubmit' | 'action'> {
  onSubmit: (data: FormData) => void
  /** Of the call that this form makes: said above the fields, or at the field it is about. */
  failure?: ApiFailure | undefined
}

/** A form that tells its failures and leads to the first field that is wrong. What was typed stays. */
export function Form({ onSubmit, failure, className, children, ...props }: FormProps) {
  const form = useRef<HTMLFormElement>(null)
  const [names] = useState(() => new Set<string>())
  useEffect(() => {
    if (!failure) return
    const wrong = form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')
    if (wrong) wrong.focus()
    // Above a long form, whose button is in sight, the note may not be.
    else form.current?.querySelector('[role="alert"]')?.scrollIntoView({ block: 'nearest' })
  }, [failure])

  const submit = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault()
    // A dialog's form may stand inside another form of the same React tree.
    event.stopPropagation()
    onSubmit(new FormData(event.currentTarget))
  }

  return (
    <FormContext value={{ failure, names }}>
      <form ref={form} onSubmit={submit} className={cn('grid gap-4', className)} {...props}>
        {failure && (
          // Where the form itself has no edge, around the body and footer of a dialog or card, the note needs one.
          <div className="[form.gap-0>&]:px-5 [form.gap-0>&]:py-2 sm:[form.gap-0>&]:px-6 sm:[section_form.gap-0>&]:px-5">
            <FailureNote failure={failure} {...(isTold(failure, names) && { sentence: TOLD })} />
          </div>
        )}
        {children}
      </form>
    </FormContext>
  )
}

const TOLD = 'Something is not right yet. It is marked below.'

function isTold({ fields }: ApiFailure, names: Set<string>): boolean {
  const wrong = Object.keys(fields)
  return wrong.length > 0 && wrong.every((name) => names.has(name))
}

interface FailureNoteProps {
  failure: ApiFailure
  /** Instead of the failure's own. */
  sentence?: string
}

export function FailureNote({ failure, sentence = failure.message }: FailureNoteProps) {
  return (
    <div role="alert" className="flex gap-2.5 rounded-lg bg-destructive-ground px-3 py-2.5 text-destructive">
      <CircleAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
      <div className="grid min-w-0 gap-0.5">
        <p>{sentence}</p>
        {failure.status >= 500 && failure.requestId && <p className="font-mono text-xs">Request {failure.requestId}</p>}
      </div>
    </div>
  )
}

/** What a control needs to belong to its label, hint and error. */
export interface ControlProps {
  id: string
  name?: string
  'aria-describedby'?: string
  'aria-invalid'?: true
}

interface FormFieldProps {
  label: ReactNode
  /** The name in the call: what the server says about this field is shown here. */
  name?: string
  hint?: ReactNode
  error?: string | undefined
  /** Says "optional" beside the label; what has to be filled in says nothing. */
  optional?: boolean
  /** At the right of the label, such as "Forgot your password?". */
  aside?: ReactNode
  className?: string
  /** One control, or a function that places what belongs to it: `(control) => <SelectTrigger {...control} />`. */
  children: ReactElement | ((control: ControlProps) => ReactNode)
}

export function FormField(props: FormFieldProps) {
  const { label, name, hint, optional = false, aside, className, children } = props
  const id = useId()
  const { failure, names } = useContext(FormContext)
  useEffect(() => {
    if (name === undefined) return
    names.add(name)
    return () => {
      names.delete(name)
    }
  }, [name, names])
  const error = props.error ?? (name === undefined ? undefined : failure?.fields[name])
  const control = controlProps(id, name, hint !== undefined, error !== undefined)

  return (
    <div className={cn('grid min-w-0 gap-1.5', className)}>
      <div className="flex flex-wrap items-baseline justify-between gap-x-3">
        <Label htmlFor={id}>
          {label}
          {optional && <span className="ml-1.5 font-normal text-muted-foreground">optional</span>}
        </Label>
        {aside && <span className="text-[0.8125rem]">{aside}</span>}
      </div>
      {typeof children === 'function' ? children(control) : <Slot.Root {...control}>{children}</Slot.Root>}
      {hint !== undefined && (
        <p id={`${id}-hint`} className="text-[0.8125rem] text-muted-foreground">
          {hint}
        </p>
      )}
      {error !== undefined && (
        <p id={`${id}-error`} className="flex gap-1.5 text-[0.8125rem] text-destructive">
          <CircleAlert className="mt-0.5 size-3.5 shrink-0" aria-hidden />
          <span className="block first-letter:uppercase">{error}</span>
        </p>
      )}
    </div>
  )
}

function controlProps(id: string, name: string | undefined, hinted: boolean, wrong: boolean): ControlProps {
  const described = [...(wrong ? [`${id}-error`] : []), ...(hinted ? [`${id}-hint`] : [])].join(' ')
  return {
    id,
    ...(name !== undefined && { name }),
    ...(described && { 'aria-describedby': described }),
    ...(wrong && { 'aria-invalid': true }),
  }
}

interface ChoiceFieldProps {
  label: ReactNode
  hint?: ReactNode
  className?: string
  /** A `Checkbox` or a `Switch`. */
  children: ReactElement
}

/** A box or a switch with its words beside it. */
export function ChoiceField({ label, hint, className, children }: ChoiceFieldProps) {
  const id = useId()
  const described = hint === undefined ? {} : { 'aria-describedby': `${id}-hint` }
  return (
    <div className={cn('flex items-start gap-2.5', className)}>
      <Slot.Root id={id} {...described}>
        {children}
      </Slot.Root>
      <div className="grid gap-0.5">
        <Label htmlFor={id}>{label}</Label>
        {hint !== undefined && (
          <p id={`${id}-hint`} className="text-[0.8125rem] text-muted-foreground">
            {hint}
          </p>
        )}
      </div>
    </div>
  )
}
