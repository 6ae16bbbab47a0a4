import { Pause, Play } from 'lucide-react'
import { Badge } from '../../components/badge.tsx'
import { Button } from '../../components/button.tsx'
import { cn } from '../../components/class-names.ts'
import { type LiveState, useLiveState } from '../../live.ts'

const LOOKS: Record<LiveState | 'paused', { label: string; tone: 'success' | 'warning' | 'neutral'; dot: string }> = {
  live: { label: 'Live', tone: 'success', dot: 'bg-success' },
  connecting: { label: 'Connecting', tone: 'neutral', dot: 'bg-muted-foreground' },
  reconnecting: { label: 'Reconnecting', tone: 'warning', dot: 'bg-warning animate-pulse' },
  paused: { label: 'Paused', tone: 'neutral', dot: 'bg-muted-foreground' },
}

/** Whether what one sees is how it is. */
export function LiveBadge({ paused }: { paused: boolean }) {
  const state = useLiveState()
  // A lost connection matters more than a list that one holds still oneself.
  const shown = paused && state === 'live' ? 'paused' : state
  const { label, tone, dot } = LOOKS[shown]
  return (
    <span role="status" className="flex">
      <Badge tone={tone}>
        <span aria-hidden className="relative grid size-2 place-items-center">
          {shown === 'live' && <span className="absolute size-2 animate-ping rounded-full bg-success opacity-60" />}
          <span className={cn('size-2 rounded-full', dot)} />
        </span>
        {label}
      </Badge>
    </span>
  )
}

interface PauseButtonProps {
  paused: boolean
  /** Sign-ins that came since. */
  waiting: number
  onPause: () => void
  onResume: () => void
}

export function PauseButton({ paused, waiting, onPause, onResume }: PauseButtonProps) {
  const Icon = paused ? Play : Pause
  return (
    <Button variant="outline" onClick={paused ? onResume : onPause}>
      <Icon aria-hidden />
      {paused ? 'Resume' : 'Pause'}
      {waiting > 0 && (
        <span className="rounded-full bg-primary px-1.5 text-xs leading-5 text-primary-foreground tabular-nums">
          {waiting} new
        </span>
      )}
    </Button>
  )
}
