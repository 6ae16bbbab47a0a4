import { createSelection, modelChoice, modelName } from '@auth-agent/sdk/ai'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const LETTERS = ['a', 'B', '7', ':', '.', '-', '/', '/', '/', ' ', '\n', '\0', '\u200b', 'é', '👩', '\ud83d']
const NAMES = fc.string({ unit: fc.constantFrom(...LETTERS), maxLength: 12 })

describe('the name of a model', () => {
  test.each([
    ['acme/gpt-5', { provider: 'acme', model: 'gpt-5' }],
    ['gpt-5', { model: 'gpt-5' }],
    ['router/meta/llama:free', { provider: 'router', model: 'meta/llama:free' }],
  ])('%s is a choice, and the choice has this name', (name, choice) => {
    expect(modelChoice(name)).toEqual(choice)
    expect(modelName(choice)).toBe(name)
  })

  test.each(['', '/', '/gpt-5', 'acme/', 'a b', 'a\nb', 'a\u0000', 'a\u200b', 'x'.repeat(501)])(
    '%j is none',
    (name) => {
      expect(() => modelChoice(name)).toThrow(TypeError)
    },
  )

  test('whatever it is, is read back as it was, or refused by a TypeError', () => {
    fc.assert(
      fc.property(NAMES, (name) => {
        try {
          const choice = modelChoice(name)
          expect(modelName(choice)).toBe(name)
          expect(modelChoice(modelName(choice))).toEqual(choice)
          expect(choice.provider ?? 'none').toMatch(/^[^/\s]+$/u)
        } catch (error) {
          if (!(error instanceof TypeError)) throw error
        }
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('a selection', () => {
  test('tells those who watch of what is chosen, and of nothing when it stays', () => {
    const selection = createSelection({ provider: 'acme', model: 'gpt-5' })
    const seen: string[] = []
    const stop = selection.subscribe((choice) => seen.push(modelName(choice)))
    const other = selection.subscribe((choice) => seen.push(`other ${choice.model}`))
    selection.choose('acme/gpt-5')
    selection.choose('claude/sonnet')
    other()
    other()
    selection.choose({ model: 'bare' })
    stop()
    selection.choose('acme/gpt-5')
    expect(seen).toEqual(['claude/sonnet', 'other sonnet', 'bare'])
    expect(selection.modelId).toBe('acme/gpt-5')
  })

  test('is the same object until it changes, and nobody changes that one', () => {
    const selection = createSelection('acme/gpt-5')
    const { choice } = selection
    selection.choose({ provider: 'acme', model: 'gpt-5' })
    expect(selection.choice).toBe(choice)
    expect(Object.isFrozen(choice)).toBe(true)
  })

  test('stays as it was when what is chosen is no model', () => {
    const selection = createSelection('acme/gpt-5')
    expect(() => selection.choose({ provider: '', model: 'gpt-5' })).toThrow(TypeError)
    expect(() => selection.choose('')).toThrow(TypeError)
    expect(selection.modelId).toBe('acme/gpt-5')
  })

  test('of one listener twice tells it twice, and each is ended by itself', () => {
    const selection = createSelection('a/b')
    let told = 0
    const listen = () => {
      told++
    }
    const end = selection.subscribe(listen)
    selection.subscribe(listen)
    end()
    selection.choose('a/c')
    expect(told).toBe(1)
  })
})
