let arrived = false

/** The router says that another screen comes; the first screen of a visit keeps the browser's own focus. */
export function announceArrival(): void {
  arrived = true
}

/** True for the first heading that asks after a navigation. */
export function takeArrival(): boolean {
  const was = arrived
  arrived = false
  return was
}
