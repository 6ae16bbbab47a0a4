import type { ChatConfig } from '../config.ts'
import { ApiError } from '../http/errors.ts'
import type { CallTimeouts } from './backend.ts'
import type { ModelProviderSettings } from './provider-settings.ts'

/** The time that a call has for all that is tried. */
export interface TimeLimit {
  signal: AbortSignal
  /** The call is over. */
  stop(): void
}

export function limitTime(ms: number): TimeLimit {
  const controller = new AbortController()
  const outOfTime = () =>
    controller.abort(new ApiError('upstream_timeout', 'The call took longer than it may; ask for less, or stream it'))
  const timer = setTimeout(outOfTime, ms)
  timer.unref()
  return { signal: controller.signal, stop: () => clearTimeout(timer) }
}

/** Requirement 53, where the operator says nothing else. */
export function timeoutsOf({ timeoutMs }: ChatConfig, settings: ModelProviderSettings): CallTimeouts {
  return {
    connectMs: settings.connect_timeout_ms ?? 5000,
    firstByteMs: settings.timeout_ms ?? 60_000,
    idleMs: settings.idle_timeout_ms ?? 60_000,
    totalMs: Math.min(settings.total_timeout_ms ?? 600_000, timeoutMs),
  }
}
