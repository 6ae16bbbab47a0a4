export interface Step {
  step: string
  /** Since the step before. */
  ms: number
  total_ms: number
}

export interface Timeline {
  step(name: string): void
  total(): number
}

export function createTimeline(now: () => number, onStep: (step: Step) => void): Timeline {
  const start = now()
  let last = start
  return {
    step(name) {
      const at = now()
      onStep({ step: name, ms: round(at - last), total_ms: round(at - start) })
      last = at
    },
    total: () => round(now() - start),
  }
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10
}
