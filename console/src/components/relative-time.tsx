import { useSyncExternalStore } from 'react'

const listeners = new Set<() => void>()
let now = Date.now()
let timer: ReturnType<typeof setInterval> | undefined

const TICK_MS = 10_000

/** One clock for all, which stands still while nobody looks at it. */
function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  if (timer === undefined) {
    now = Date.now()
    timer = setInterval(tick, TICK_MS)
  }
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

function tick(): void {
  now = Date.now()
  for (const listener of listeners) listener()
}

/** The time in milliseconds, anew every ten seconds. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now)
}

const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const ABSOLUTE = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' })

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const

const MONTH_SECONDS = 30 * 86_400

export function absoluteTime(at: string): string {
  return ABSOLUTE.format(new Date(at))
}

/** "3 minutes ago", "in 2 days"; beyond a month the date itself. */
export function relativeTime(at: string, from: number): string {
  const seconds = Math.round((Date.parse(at) - from) / 1000)
  if (Math.abs(seconds) >= MONTH_SECONDS) return DATE.format(new Date(at))
  for (const [unit, size] of UNITS)
    if (Math.abs(seconds) >= size) return RELATIVE.format(Math.trunc(seconds / size), unit)
  // What happened since the clock's last tick is not to come.
  return seconds > TICK_MS / 1000 ? 'in less than a minute' : 'just now'
}

interface RelativeTimeProps {
  at: string | null
  /** Instead of the time when there is none. */
  never?: string
  className?: string
}

export function RelativeTime({ at, never = 'never', className }: RelativeTimeProps) {
  const current = useNow()
  if (at === null) return <span className={className}>{never}</span>
  return (
    <time dateTime={at} title={absoluteTime(at)} className={className}>
      {relativeTime(at, current)}
    </time>
  )
}
