import { type ComponentProps, useEffect, useRef } from 'react'
import { Card } from './card.tsx'

interface ListCardProps extends ComponentProps<typeof Card> {
  /** What it lists, said to who listens when the focus comes here. */
  label: string
}

/** A card whose rows can go away. When the row that had the focus does, the card takes it. */
export function ListCard({ label, ...props }: ListCardProps) {
  const card = useKeptFocus()
  return <Card ref={card} tabIndex={-1} aria-label={label} {...props} />
}

/**
 * A row ends by a dialog, which gives the focus back to a button of that row, and the row goes before or after that. In
 * either case the focus would fall to the page, and a keyboard would have to begin at its top.
 */
function useKeptFocus() {
  const place = useRef<HTMLElement>(null)
  useEffect(() => {
    const element = place.current
    if (!element) return
    let last: Element | undefined
    const remember = ({ target }: FocusEvent) => {
      last = target instanceof Element ? target : undefined
    }
    const keep = () =>
      setTimeout(() => {
        if (!last || last.isConnected || document.activeElement !== document.body) return
        last = undefined
        element.focus({ preventScroll: true })
      })
    const observer = new MutationObserver(keep)
    observer.observe(element, { childList: true, subtree: true })
    // Where dialogs come and go.
    observer.observe(document.body, { childList: true })
    element.addEventListener('focusin', remember)
    return () => {
      observer.disconnect()
      element.removeEventListener('focusin', remember)
    }
  }, [])
  return place
}
