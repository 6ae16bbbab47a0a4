/** What opens above the page and goes away again. */
const ABOVE = '[role="dialog"], [role="alertdialog"], [role="menu"], [role="listbox"]'

let last: HTMLElement | undefined

addEventListener('focusin', ({ target }) => {
  if (target instanceof HTMLElement && !target.closest(ABOVE)) last = target
})

/**
 * `onCloseAutoFocus` of whatever opens above the page: Radix gives the focus back to a trigger only, and ours are opened
 * by state, or take the place of one another. It goes to what was used on the page before.
 */
export function returnFocus(): void {
  setTimeout(() => {
    if (document.activeElement === document.body) last?.focus()
  })
}
