import { cn } from './class-names.ts'

/** The mark of the server's pages: the pointer is the agent, the open ring the identity it steps into. */
export function BrandMark({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true" className={cn('size-7 shrink-0 text-primary', className)}>
      <circle
        cx="16"
        cy="16"
        r="12.5"
        fill="none"
        stroke="currentColor"
        strokeWidth="3"
        strokeLinecap="round"
        pathLength="360"
        strokeDasharray="274 86"
        transform="rotate(88 16 16)"
      />
      <path className="fill-foreground" d="M11 11 27.5 17.2 20.4 20.4 17.2 27.5Z" />
    </svg>
  )
}

export function Brand({ className }: { className?: string }) {
  return (
    <span className={cn('inline-flex items-center gap-2.5 text-[0.9375rem] font-semibold tracking-tight', className)}>
      <BrandMark />
      Auth Agent
    </span>
  )
}
