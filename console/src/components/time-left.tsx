import { Hourglass } from 'lucide-react'
import { useEffect, useEffectEvent, useState } from 'react'
import { Badge } from './badge.tsx'

const SOON_MS = 60_000

interface TimeLeftProps {
  until: string
  /** Called once when the time is over, to ask the server what that means: its clock counts, not this one. */
  onEnd?: () => void
}

/** A clock that runs down by seconds. Nothing is read out at every tick; who listens finds the time here. */
export function TimeLeft({ until, onEnd }: TimeLeftProps) {
  const left = useLeft(until, onEnd)
  return (
    <Badge tone={left < SOON_MS ? 'danger' : 'warning'} role="timer" className="tabular-nums">
      <Hourglass aria-hidden />
      {left > 0 ? `${wordsOf(left)} left` : 'time is up'}
    </Badge>
  )
}

function useLeft(until: string, onEnd?: () => void): number {
  const end = Date.parse(until)
  const [left, setLeft] = useState(() => end - Date.now())
  const ended = useEffectEvent(() => onEnd?.())
  useEffect(() => {
    const tick = () => {
      const now = end - Date.now()
      setLeft(now)
      if (now > 0) return
      clearInterval(timer)
      ended()
    }
    const timer = setInterval(tick, 1000)
    return () => clearInterval(timer)
  }, [end])
  return Math.max(0, left)
}

/** "9:05", "1:02:05". */
function wordsOf(ms: number): string {
  const seconds = Math.ceil(ms / 1000)
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  const shown = parts[0] === 0 ? parts.slice(1) : parts
  return shown.map((part, index) => (index === 0 ? String(part) : String(part).padStart(2, '0'))).join(':')
}
