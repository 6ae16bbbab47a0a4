import type { UsageSum } from '../../fuel.ts'

/** What a chart draws. Cost in dollars, so that axis and table say the same. */
export interface Bars {
  cost: number
  calls: number
  input: number
  output: number
}

export function barsOf(sum: Pick<UsageSum, 'requests' | 'input_tokens' | 'output_tokens' | 'cost_cents'>): Bars {
  return {
    // To the millionth: sums of fractions would else show the noise of floating point.
    cost: Math.round(sum.cost_cents * 10_000) / 1_000_000,
    calls: sum.requests,
    input: sum.input_tokens,
    output: sum.output_tokens,
  }
}

export const NO_CALLS: Bars = { cost: 0, calls: 0, input: 0, output: 0 }

export const MEASURES = {
  cost: { label: 'Cost', series: [{ key: 'cost', label: 'Cost (USD)', color: 'var(--chart-1)' }] },
  calls: { label: 'Calls', series: [{ key: 'calls', label: 'Calls', color: 'var(--chart-3)' }] },
  tokens: {
    label: 'Tokens',
    series: [
      { key: 'input', label: 'Tokens in', color: 'var(--chart-3)' },
      { key: 'output', label: 'Tokens out', color: 'var(--chart-4)' },
    ],
  },
} as const

export type Measure = keyof typeof MEASURES

const SHORT = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 })

/** On an axis: short, and money with its sign. */
export const tickOf = (measure: Measure) => (value: number) =>
  measure === 'cost' ? `$${value >= 1000 ? SHORT.format(value) : Number(value.toPrecision(3))}` : SHORT.format(value)
