import { infiniteQueryOptions } from '@tanstack/react-query'

interface Page<Row> {
  data: Row[]
  next_cursor: string | null
}

/** A list by cursor, for `useInfiniteQuery`, which then has the rows of all pages that were fetched as its `data`. */
export function listQuery<Row>(
  queryKey: readonly [string, ...unknown[]],
  fetchPage: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<Row>>,
) {
  return infiniteQueryOptions({
    queryKey,
    queryFn: ({ pageParam, signal }) => fetchPage(pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined,
    select: ({ pages }) => pages.flatMap(({ data }) => data),
  })
}

/** Every row there is, whatever it takes: to choose among them, and to know whether one is there already. */
export async function readEvery<Row>(fetchPage: (cursor: string | undefined) => Promise<Page<Row>>): Promise<Row[]> {
  const rows: Row[] = []
  let cursor: string | null | undefined
  do {
    const page = await fetchPage(cursor ?? undefined)
    rows.push(...page.data)
    cursor = page.next_cursor
  } while (cursor !== null)
  return rows
}
