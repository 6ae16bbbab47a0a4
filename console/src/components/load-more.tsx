import { Button } from './button.tsx'

interface LoadMoreProps {
  /** As `useInfiniteQuery` gives them. */
  hasNextPage: boolean
  isFetchingNextPage: boolean
  fetchNextPage: () => unknown
  /** How many are shown, read out after more have come. */
  shown: number
}

/** The end of a list by cursor: `<LoadMore {...query} shown={rows.length} />`. */
export function LoadMore({ hasNextPage, isFetchingNextPage, fetchNextPage, shown }: LoadMoreProps) {
  return (
    <div className="flex items-center justify-between gap-3 px-4 py-3 sm:px-5">
      <p role="status" className="text-[0.8125rem] text-muted-foreground">
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
