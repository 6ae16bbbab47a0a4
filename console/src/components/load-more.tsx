import { useEffect, useRef, useState } from 'react'
import { Button } from './button.tsx'

interface LoadMoreProps {
  /** As `useInfiniteQuery` gives them. */
  hasNextPage: boolean
  isFetchingNextPage: boolean
  fetchNextPage: () => unknown
  /** How many are shown, read out after more have come. */
  shown: number
}

/** The end of a list by cursor: `<LoadMore {...query} shown={rows.length} />`. Nothing, where one page holds it all. */
export function LoadMore({ hasNextPage, isFetchingNextPage, fetchNextPage, shown }: LoadMoreProps) {
  const [paged, setPaged] = useState(hasNextPage)
  if (hasNextPage && !paged) setPaged(true)
  const place = useRef<HTMLParagraphElement>(null)
  useEffect(() => {
    // The button that brought the last page is gone, and the focus with it.
    if (!hasNextPage && document.activeElement === document.body) place.current?.focus({ preventScroll: true })
  }, [hasNextPage])

  if (!paged) return null
  return (
    <div className="flex items-center justify-between gap-3 px-4 py-3 sm:px-5">
      <p ref={place} tabIndex={-1} role="status" className="text-[0.8125rem] text-muted-foreground outline-none">
        {shown} shown{hasNextPage ? '' : ', that is all'}
      </p>
      {hasNextPage && (
        <Button variant="outline" size="sm" pending={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Show more
        </Button>
      )}
    </div>
  )
}
