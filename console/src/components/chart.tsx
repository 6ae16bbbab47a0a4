import { cloneElement, type ReactElement, useId } from 'react'
import { ResponsiveContainer, type TooltipContentProps } from 'recharts'
import { cn } from './class-names.ts'

interface Series {
  key: string
  label: string
  /** `var(--chart-1)` to `var(--chart-5)`, which both themes have. */
  color: string
}

interface ChartProps<Row> {
  /** What the picture shows, in a sentence. */
  label: string
  rows: readonly Row[]
  /** The column of the horizontal axis. */
  x: { key: keyof Row & string; label: string }
  series: readonly (Series & { key: keyof Row & string })[]
  className?: string
  /** One chart of recharts, drawn from the same rows. */
  children: ReactElement<{ accessibilityLayer?: boolean }>
}

/** A picture for who sees, the same numbers as a table for everyone. Import this from lazy screens only: recharts is big. */
export function Chart<Row extends object>({ label, rows, x, series, className, children }: ChartProps<Row>) {
  const id = useId()
  return (
    <figure aria-labelledby={id} className="grid min-w-0 gap-3">
      <figcaption id={id} className="sr-only">
        {label}
      </figcaption>
      <Legend series={series} />
      <div
        aria-hidden
        className={cn(
          'h-56 w-full min-w-0 text-xs [&_.recharts-cartesian-axis-tick-value]:fill-muted-foreground',
          className,
        )}
      >
        <ResponsiveContainer width="100%" height="100%">
          {/* The picture is hidden from who listens, so nothing in it may take the focus. */}
          {cloneElement(children, { accessibilityLayer: false })}
        </ResponsiveContainer>
      </div>
      <details className="text-[0.8125rem]">
        <summary className="inline-flex min-h-6 cursor-pointer items-center text-muted-foreground hover:text-foreground">
          Show as a table
        </summary>
        <div className="mt-2 max-h-64 overflow-auto rounded-lg border">
          <Numbers rows={rows} x={x} series={series} />
        </div>
      </details>
    </figure>
  )
}

function Legend({ series }: { series: readonly Series[] }) {
  return (
    <ul aria-hidden className="flex flex-wrap gap-x-4 gap-y-1 text-xs text-muted-foreground">
      {series.map(({ key, label, color }) => (
        <li key={key} className="flex items-center gap-1.5">
          <span className="size-2.5 rounded-[3px]" style={{ background: color }} />
          {label}
        </li>
      ))}
    </ul>
  )
}

function Numbers<Row extends object>({ rows, x, series }: Pick<ChartProps<Row>, 'rows' | 'x' | 'series'>) {
  return (
    <table className="w-full text-left tabular-nums">
      <thead className="sticky top-0 bg-muted text-muted-foreground">
        <tr>
          {[x, ...series].map(({ key, label }) => (
            <th key={key} scope="col" className="px-3 py-1.5 font-medium">
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody className="divide-y">
        {rows.map((row) => (
          <tr key={String(row[x.key])}>
            <th scope="row" className="px-3 py-1.5 font-normal">
              {String(row[x.key])}
            </th>
            {series.map(({ key }) => (
              <td key={key} className="px-3 py-1.5">
                {String(row[key])}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** `<Tooltip content={ChartTooltip} />` of recharts, in the look of the console. */
export function ChartTooltip({ active, payload, label }: Partial<TooltipContentProps>) {
  if (!active || !payload?.length) return null
  return (
    <div className="grid gap-1 rounded-lg border bg-popover px-3 py-2 text-xs shadow-raised">
      <p className="font-medium">{label}</p>
      {payload.map(({ name, value, color }) => (
        <p key={String(name)} className="flex items-center gap-2 text-muted-foreground">
          <span className="size-2 rounded-[3px]" style={{ background: color }} />
          {name}
          <span className="ml-auto pl-4 font-medium text-foreground tabular-nums">{value}</span>
        </p>
      ))}
    </div>
  )
}
