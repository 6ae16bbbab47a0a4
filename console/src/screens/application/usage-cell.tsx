const DOLLARS = new Intl.NumberFormat('en', { style: 'currency', currency: 'USD' })
const WHOLE = new Intl.NumberFormat('en')

interface UsageCellProps {
  /** null: the person does not let the app see it. */
  usage: { requests: number; cost_cents: number } | null
}

export function UsageCell({ usage }: UsageCellProps) {
  if (!usage) return <span className="text-muted-foreground">Not shared</span>
  const { requests, cost_cents } = usage
  return (
    <span className="tabular-nums">
      {DOLLARS.format(cost_cents / 100)}
      <span className="block text-[0.8125rem] text-muted-foreground">
        {WHOLE.format(requests)} {requests === 1 ? 'request' : 'requests'}
      </span>
    </span>
  )
}
