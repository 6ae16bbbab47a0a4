/** For a button that takes itself away: a keyboard goes on at the top of the screen, not of the page. */
export function focusContent(): void {
  document.getElementById('content')?.focus({ preventScroll: true })
}
