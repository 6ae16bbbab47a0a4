import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type CallOutcome, createBreaker, createBreakers } from '../src/resilience/breaker.ts'

const SETTINGS = { failures: 3, of: 5, withinMs: 1000, coolDownMs: 100 }

const outcomes = fc.constantFrom<CallOutcome>('success', 'failure', 'neutral')

function breakerAfter(said: readonly CallOutcome[], at = 0) {
  const breaker = createBreaker(SETTINGS)
  for (const outcome of said) breaker.enter(at)?.(outcome, at)
  return breaker
}

test('opens with so many failures, and with no fewer', () => {
  expect(breakerAfter(['failure', 'failure']).state(0)).toBe('closed')
  expect(breakerAfter(['failure', 'failure', 'failure']).state(0)).toBe('open')
  expect(breakerAfter(['failure', 'success', 'failure', 'success', 'failure']).state(0)).toBe('open')
})

test('forgets failures beyond its window, of calls and of time', () => {
  expect(breakerAfter(['failure', 'failure', 'success', 'success', 'success', 'success', 'failure']).state(0)).toBe(
    'closed',
  )
  const breaker = breakerAfter(['failure', 'failure'])
  breaker.enter(1001)?.('failure', 1001)
  expect(breaker.state(1001)).toBe('closed')
})

test('lets one through after it has cooled down, and that one decides', () => {
  const failing = ['failure', 'failure', 'failure'] as const
  const healed = breakerAfter(failing)
  expect(healed.enter(99)).toBeUndefined()
  expect(healed.waitMs(60)).toBe(40)
  const probe = healed.enter(100)
  expect(healed.state(100)).toBe('half_open')
  expect(healed.enter(100)).toBeUndefined()
  expect(healed.waitMs(100)).toBeGreaterThan(0)
  probe?.('success', 110)
  expect([healed.state(110), healed.waitMs(110)]).toEqual(['closed', 0])

  const still = breakerAfter(failing)
  still.enter(100)?.('failure', 150)
  expect(still.enter(249)).toBeUndefined()
  expect(still.enter(250)).toBeDefined()
})

test('a probe that says nothing makes way for another', () => {
  const breaker = breakerAfter(['failure', 'failure', 'failure'])
  breaker.enter(100)?.('neutral', 101)
  expect(breaker.enter(101)).toBeDefined()
})

test('what was let through before it opened decides nothing any more', () => {
  const breaker = createBreaker(SETTINGS)
  const late = breaker.enter(0)
  for (let n = 0; n < 3; n++) breaker.enter(0)?.('failure', 0)
  late?.('success', 1)
  expect(breaker.state(1)).toBe('open')
})

test('whatever happens, it never lets two through while it is not closed, and always lets somebody through in the end', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(120), fc.boolean(), outcomes), { maxLength: 200 }), (steps) => {
      const breaker = createBreaker(SETTINGS)
      const under: ((outcome: CallOutcome, now: number) => void)[] = []
      let now = 0
      for (const [step, comes, outcome] of steps) {
        now += step
        const wasClosed = breaker.state(now) === 'closed'
        const leave = comes ? breaker.enter(now) : undefined
        if (leave && !wasClosed) expect(breaker.enter(now)).toBeUndefined()
        if (leave) under.push(leave)
        else under.shift()?.(outcome, now)
      }
      for (const leave of under) leave('failure', now)
      expect(breaker.enter(now + SETTINGS.coolDownMs)).toBeDefined()
    }),
  )
})

test('there is one for each name, and no more than memory bears', () => {
  const breakers = createBreakers(SETTINGS)
  const first = breakers('a')
  expect(breakers('a')).toBe(first)
  expect(breakers('b')).not.toBe(first)
  for (let n = 0; n < 10_000; n++) breakers(`host-${n}`)
  expect(breakers('a')).not.toBe(first)
})

test('looking at one makes none, and keeps none from being forgotten', () => {
  const breakers = createBreakers(SETTINGS)
  expect(breakers.known('a')).toBeUndefined()
  const first = breakers('a')
  for (let n = 0; n < 9_999; n++) breakers(`host-${n}`)
  expect(breakers.known('a')).toBe(first)
  breakers('one more')
  expect(breakers.known('a')).toBeUndefined()
})
