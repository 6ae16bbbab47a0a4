import fc from 'fast-check'

/** As the server reads a number that JavaScript would round. */
const exact = (JSON as unknown as { rawJSON(source: string): unknown }).rawJSON('12345678901234567890')

/** JSON as it may come, and more often than chance has it what `String` throws at. */
export const arbitraryJson: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 9, arbitrary: fc.jsonValue() },
  { weight: 1, arbitrary: fc.constantFrom({ toString: 1 }, { toString: null, valueOf: 'x' }, exact) },
)
