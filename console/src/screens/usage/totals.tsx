import type { UsageSum } from '../../fuel.ts'
import { costOf } from '../../money.ts'

const COUNT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })

/** All of the period in four numbers. */
export function Totals({ sums }: { sums: readonly UsageSum[] }) {
  const sum = (key: 'requests' | 'input_tokens' | 'output_tokens' | 'cost_cents') =>
    sums.reduce((total, row) => total + row[key], 0)
  const tiles = [
    { label: 'Cost', value: costOf(sum('cost_cents')) },
    { label: 'Calls', value: COUNT.format(sum('requests')) },
    { label: 'Tokens in', value: COUNT.format(sum('input_tokens')) },
    { label: 'Tokens out', value: COUNT.format(sum('output_tokens')) },
  ]
  return (
    <dl className="grid grid-cols-2 gap-3 lg:grid-cols-4">
      {tiles.map(({ label, value }) => (
        <div key={label} className="grid min-w-0 gap-2 rounded-xl border bg-card p-4 shadow-card">
          <dt className="text-[0.8125rem] text-muted-foreground">{label}</dt>
          <dd className="text-xl leading-none font-semibold tracking-tight tabular-nums sm:text-2xl">{value}</dd>
        </div>
      ))}
    </dl>
  )
}
