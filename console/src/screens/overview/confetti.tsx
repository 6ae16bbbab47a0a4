import { useEffect, useRef } from 'react'

const PIECES = 36
const COLORS = ['var(--chart-1)', 'var(--chart-2)', 'var(--chart-3)', 'var(--chart-4)', 'var(--chart-5)']
const calm = matchMedia('(prefers-reduced-motion: reduce)')

/** Thrown once, at the left where the line begins. Who wants no motion gets none. */
export function Confetti() {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const element = place.current
    if (!element || calm.matches) return
    const pieces = Array.from({ length: PIECES }, (_, index) => pieceOf(index))
    element.append(...pieces)
    pieces.forEach(throwUp)
    return () => element.replaceChildren()
  }, [])
  return <div ref={place} aria-hidden className="pointer-events-none absolute top-1/2 left-8 z-40 size-0" />
}

function pieceOf(index: number): HTMLElement {
  const piece = document.createElement('span')
  Object.assign(piece.style, {
    position: 'absolute',
    width: '7px',
    height: index % 3 === 0 ? '7px' : '11px',
    borderRadius: index % 3 === 0 ? '50%' : '2px',
    background: COLORS[index % COLORS.length],
  })
  return piece
}

/** Up and out, then down and gone: no two alike, and none for long. */
function throwUp(piece: HTMLElement): void {
  const out = (Math.random() - 0.15) * 360
  const up = -60 - Math.random() * 120
  const turn = (Math.random() - 0.5) * 900
  const thrown = piece.animate(
    [
      { transform: 'translate(0, 0) rotate(0)', opacity: 1 },
      { transform: `translate(${out * 0.7}px, ${up}px) rotate(${turn * 0.6}deg)`, opacity: 1, offset: 0.4 },
      { transform: `translate(${out}px, 90px) rotate(${turn}deg)`, opacity: 0 },
    ],
    { duration: 1100 + Math.random() * 500, easing: 'cubic-bezier(0.2, 0.7, 0.4, 1)', fill: 'forwards' },
  )
  thrown.onfinish = () => piece.remove()
}
