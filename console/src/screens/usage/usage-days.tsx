import { useState } from 'react'
import { Bar, BarChart, CartesianGrid, Tooltip, XAxis, YAxis } from 'recharts'
import { Card, CardContent, CardHeader } from '../../components/card.tsx'
import { Chart, ChartTooltip } from '../../components/chart.tsx'
import { Select, SelectContent, SelectItem, SelectTrigger, SelectValue } from '../../components/select.tsx'
import type { UsageSum } from '../../fuel.ts'
import { barsOf, MEASURES, type Measure, NO_CALLS, tickOf } from './measure.ts'
import { DAY_MS } from './period.ts'

/** The server counts by days of UTC. */
const DAY = new Intl.DateTimeFormat('en', { month: 'short', day: 'numeric', timeZone: 'UTC' })

interface UsageDaysProps {
  sums: readonly UsageSum[]
  days: number
  since: string
}

export function UsageDays({ sums, days, since }: UsageDaysProps) {
  const [measure, setMeasure] = useState<Measure>('cost')
  const { label, series } = MEASURES[measure]
  const rows = rowsOf(sums, days, since)
  return (
    <Card>
      <CardHeader title="By day" actions={<MeasureChoice value={measure} onChange={setMeasure} />} />
      <CardContent>
        <Chart
          label={`${label} by day, in the last ${days} days`}
          rows={rows}
          x={{ key: 'date', label: 'Day (UTC)' }}
          series={series}
        >
          <BarChart data={rows} margin={{ top: 4, right: 4, bottom: 0, left: 0 }} barCategoryGap="20%">
            <CartesianGrid vertical={false} stroke="var(--border)" />
            <XAxis dataKey="date" tickLine={false} axisLine={false} tickMargin={8} minTickGap={20} />
            <YAxis tickLine={false} axisLine={false} width={76} tickFormatter={tickOf(measure)} />
            <Tooltip content={ChartTooltip} cursor={{ fill: 'var(--hover)' }} />
            {series.map(({ key, label: name, color }) => (
              <Bar key={key} dataKey={key} name={name} fill={color} stackId="day" isAnimationActive={false} />
            ))}
          </BarChart>
        </Chart>
      </CardContent>
    </Card>
  )
}

function MeasureChoice({ value, onChange }: { value: Measure; onChange: (measure: Measure) => void }) {
  return (
    <Select value={value} onValueChange={(chosen) => onChange(chosen as Measure)}>
      <SelectTrigger aria-label="What is shown by day" className="h-8 w-28">
        <SelectValue />
      </SelectTrigger>
      <SelectContent>
        {Object.entries(MEASURES).map(([measure, { label }]) => (
          <SelectItem key={measure} value={measure}>
            {label}
          </SelectItem>
        ))}
      </SelectContent>
    </Select>
  )
}

/** A bar for each day, those without a call too. */
function rowsOf(sums: readonly UsageSum[], days: number, since: string) {
  const byDay = new Map(sums.map((sum) => [sum.day, barsOf(sum)]))
  return Array.from({ length: days }, (_, index) => {
    const day = new Date(Date.parse(since) + index * DAY_MS)
    return { date: DAY.format(day), ...(byDay.get(day.toISOString().slice(0, 10)) ?? NO_CALLS) }
  })
}
