export const PERIODS = [7, 30, 90] as const

const USUAL = 30
export const DAY_MS = 86_400_000

/** As the address says it, if it is one of those that can be chosen. */
export function daysOf(given: string | undefined): number {
  return PERIODS.find((days) => String(days) === given) ?? USUAL
}

/** The beginning of the first of so many days of UTC, the last of which is today: the server counts by these. */
export function sinceOf(days: number, now: number): string {
  return new Date((Math.floor(now / DAY_MS) - days + 1) * DAY_MS).toISOString()
}
