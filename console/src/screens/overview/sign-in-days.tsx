import { Bar, BarChart, CartesianGrid, Tooltip, XAxis, YAxis } from 'recharts'
import { Card, CardContent, CardHeader } from '../../components/card.tsx'
import { Chart, ChartTooltip } from '../../components/chart.tsx'
import type { Overview } from './overview-query.ts'

/** The server counts by days of UTC. */
const DAY = new Intl.DateTimeFormat('en', { month: 'short', day: 'numeric', timeZone: 'UTC' })

const SERIES = [
  { key: 'signed_in', label: 'Signed in', color: 'var(--chart-1)' },
  { key: 'failed', label: 'Refused', color: 'var(--chart-2)' },
] as const

export function SignInDays({ days }: { days: Overview['days'] }) {
  const rows = days.map((day) => ({ ...day, date: DAY.format(new Date(day.date)) }))
  const sum = (key: 'signed_in' | 'failed') => days.reduce((total, day) => total + day[key], 0)
  const told = `${sum('signed_in')} signed in, ${sum('failed')} refused`
  if (sum('signed_in') + sum('failed') === 0) return <NoDays />
  return (
    <Card>
      <CardHeader title="The last 14 days" description={told} />
      <CardContent>
        <Chart
          label={`Sign-ins by day in the last 14 days: ${told}`}
          rows={rows}
          x={{ key: 'date', label: 'Day (UTC)' }}
          series={SERIES}
        >
          <BarChart data={rows} margin={{ top: 4, right: 4, bottom: 0, left: 0 }} barCategoryGap="25%">
            <CartesianGrid vertical={false} stroke="var(--border)" />
            <XAxis dataKey="date" tickLine={false} axisLine={false} tickMargin={8} minTickGap={16} />
            <YAxis allowDecimals={false} tickLine={false} axisLine={false} width={32} domain={[0, mostOf]} />
            <Tooltip content={ChartTooltip} cursor={{ fill: 'var(--hover)' }} />
            {SERIES.map(({ key, label, color }) => (
              <Bar key={key} dataKey={key} name={label} fill={color} stackId="sign-ins" isAnimationActive={false} />
            ))}
          </BarChart>
        </Chart>
      </CardContent>
    </Card>
  )
}

/** Axes without anything between them say less than a sentence. */
function NoDays() {
  return (
    <Card>
      <CardHeader title="The last 14 days" />
      <CardContent className="text-muted-foreground">
        No agent has signed in, and none was refused. Each day of these two weeks gets its bar here.
      </CardContent>
    </Card>
  )
}

/** A little room above few: one sign-in is no wall. */
const mostOf = (most: number) => Math.max(4, most)
