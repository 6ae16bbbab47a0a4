import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Bar, BarChart, Tooltip, XAxis, YAxis } from 'recharts'
import { Card, CardContent, CardHeader } from '../../components/card.tsx'
import { Chart, ChartTooltip } from '../../components/chart.tsx'
import { Loaded } from '../../components/loaded.tsx'
import { Select, SelectContent, SelectItem, SelectTrigger, SelectValue } from '../../components/select.tsx'
import { type UsageSum, usageQuery } from '../../fuel.ts'
import { type Names, useNames } from '../../names.ts'
import { barsOf, MEASURES, NO_CALLS, tickOf } from './measure.ts'

const GROUPS = {
  model: { label: 'Model', title: 'By model', none: 'Unknown' },
  app: { label: 'App', title: 'By app', none: 'No app' },
  agent: { label: 'Agent', title: 'By agent', none: 'No agent' },
  key: { label: 'API key', title: 'By API key', none: 'No key' },
} as const

type Group = keyof typeof GROUPS

const isGroup = (given: string | undefined): given is Group => given !== undefined && given in GROUPS

const route = getRouteApi('/shell/usage')

/** Where the money went. */
export function UsageShares({ since }: { since: string }) {
  const { by } = route.useSearch()
  const navigate = route.useNavigate()
  const group = isGroup(by) ? by : 'model'
  const usage = useQuery(usageQuery(group, since))
  const choose = (chosen: string) =>
    void navigate({ search: (before) => ({ ...before, by: chosen }), replace: true, resetScroll: false })
  return (
    <Card>
      <CardHeader
        title={GROUPS[group].title}
        actions={
          <Select value={group} onValueChange={choose}>
            <SelectTrigger aria-label="Shares of the cost by" className="h-8 w-28">
              <SelectValue />
            </SelectTrigger>
            <SelectContent>
              {Object.entries(GROUPS).map(([each, { label }]) => (
                <SelectItem key={each} value={each}>
                  {label}
                </SelectItem>
              ))}
            </SelectContent>
          </Select>
        }
      />
      <CardContent>
        <Loaded query={usage}>{(sums) => <Shares sums={sums} group={group} />}</Loaded>
      </CardContent>
    </Card>
  )
}

/** Beyond these, one bar for all of the rest. */
const MOST = 6

function Shares({ sums, group }: { sums: readonly UsageSum[]; group: Group }) {
  const rows = rowsOf(sums, group, useNames())
  // Own keys cost nothing here; then the calls say more.
  const measure = rows.some(({ cost }) => cost > 0) ? 'cost' : 'calls'
  const { label, series } = MEASURES[measure]
  return (
    <Chart
      label={`${label} by ${GROUPS[group].label}`}
      rows={rows}
      x={{ key: 'name', label: GROUPS[group].label }}
      series={series}
    >
      <BarChart data={rows} layout="vertical" margin={{ top: 0, right: 8, bottom: 0, left: 0 }} maxBarSize={24}>
        <XAxis type="number" tickLine={false} axisLine={false} tickFormatter={tickOf(measure)} minTickGap={24} />
        <YAxis type="category" dataKey="name" tickLine={false} axisLine={false} width={112} tickFormatter={shortened} />
        <Tooltip content={ChartTooltip} cursor={{ fill: 'var(--hover)' }} />
        {series.map(({ key, label: name, color }) => (
          <Bar key={key} dataKey={key} name={name} fill={color} isAnimationActive={false} />
        ))}
      </BarChart>
    </Chart>
  )
}

function rowsOf(sums: readonly UsageSum[], group: Group, { nameOf }: Names) {
  const rows = sums.map((sum) => {
    const name = sum[group]
    return { name: name == null ? GROUPS[group].none : (nameOf(name) ?? name), ...barsOf(sum) }
  })
  const rest = rows.slice(MOST)
  if (rest.length < 2) return rows
  const others = rest.reduce(
    (all, row) => ({
      cost: all.cost + row.cost,
      calls: all.calls + row.calls,
      input: all.input + row.input,
      output: all.output + row.output,
    }),
    NO_CALLS,
  )
  return [...rows.slice(0, MOST), { name: `${rest.length} others`, ...others }]
}

const FITS = 16

const shortened = (name: string) => (name.length > FITS ? `${name.slice(0, FITS - 1)}…` : name)
