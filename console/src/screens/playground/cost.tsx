import { Fragment } from 'react'
import type { Receipt } from '../../fuel.ts'
import { costOf } from '../../money.ts'

const NUMBER = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })

/** What one answer came to. */
export function Cost({ receipt }: { receipt: Receipt }) {
  const { cost_cents, payment_method, input_tokens, output_tokens, estimated, provider, duration_ms } = receipt
  const facts = [
    payment_method === 'byok' ? 'Paid by your own key' : `Cost ${costOf(cost_cents)}`,
    `${estimated ? 'about ' : ''}${count(input_tokens)} tokens in, ${count(output_tokens)} out`,
    ...(provider === null ? [] : [`by ${provider}`]),
    ...(duration_ms === null ? [] : [timeOf(duration_ms)]),
  ]
  return (
    <p className="text-xs text-muted-foreground tabular-nums">
      {facts.map((fact, index) => (
        <Fragment key={fact}>
          {index > 0 && ' · '}
          <span className="whitespace-nowrap">{fact}</span>
        </Fragment>
      ))}
    </p>
  )
}

const count = (tokens: number) => NUMBER.format(tokens)

const timeOf = (ms: number) => (ms < 1000 ? `${ms} ms` : `${NUMBER.format(ms / 1000)} s`)
