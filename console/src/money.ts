const WHOLE = { style: 'currency', currency: 'USD', minimumFractionDigits: 2 } as const
/** A call may cost a fraction of a cent, which is not nothing. */
const EXACT = new Intl.NumberFormat('en-US', { ...WHOLE, maximumFractionDigits: 6 })
const ROUND = new Intl.NumberFormat('en-US', { ...WHOLE, maximumFractionDigits: 4, roundingMode: 'floor' })

const ROUGH = new Intl.NumberFormat('en-US', { ...WHOLE, maximumFractionDigits: 2, roundingMode: 'floor' })

/** For columns: to the cent, so that sums can be compared at a glance. A little is not nothing. */
export const roughly = (cents: number) => (cents > 0 && cents < 1 ? '<$0.01' : ROUGH.format(cents / 100))

/** What was paid, to the millionth of a dollar. */
export const costOf = (cents: number) => EXACT.format(cents / 100)

/** What there is, never more than that. */
export const balanceOf = (cents: number) => ROUND.format(cents / 100)
