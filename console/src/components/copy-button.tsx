import { Check, Copy } from 'lucide-react'
import { type ComponentProps, useEffect, useState } from 'react'
import { Button } from './button.tsx'
import { toast } from './toast.tsx'

const FEEDBACK_MS = 2000

interface CopyButtonProps extends Omit<ComponentProps<typeof Button>, 'children' | 'onClick' | 'value'> {
  value: string
  /** What is copied, for the name of the button: "client id". */
  what: string
  /** Words on the button; without, it is an icon. */
  label?: string
  onCopied?: () => void
}

export function CopyButton({ value, what, label, onCopied, variant = 'ghost', ...props }: CopyButtonProps) {
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), FEEDBACK_MS)
    return () => clearTimeout(timer)
  }, [copied])

  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value)
      setCopied(true)
      onCopied?.()
    } catch {
      // Over plain http or without the permission there is no clipboard.
      toast.info(`Your browser does not let us copy the ${what}. Select it and copy it yourself.`)
    }
  }

  const Icon = copied ? Check : Copy
  return (
    <>
      <Button variant={variant} size={label ? 'sm' : 'icon-sm'} aria-label={`Copy ${what}`} onClick={copy} {...props}>
        <Icon className={copied ? 'text-success' : undefined} aria-hidden />
        {label && (copied ? 'Copied' : label)}
      </Button>
      <span role="status" className="sr-only">
        {copied ? `Copied ${what}` : ''}
      </span>
    </>
  )
}

/** An id or an address in full, with a button to copy it. */
export function CopyText({ value, what }: { value: string; what: string }) {
  return (
    <span className="inline-flex max-w-full items-center gap-1">
      <code className="min-w-0 font-mono text-[0.8125rem] break-all">{value}</code>
      <CopyButton value={value} what={what} className="size-6" />
    </span>
  )
}
