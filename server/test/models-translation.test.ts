import { expect, test } from 'vitest'
import { embedTables, translationGuide, untoldTables } from '../../docs/translation-tables.ts'

test('what is carried, left out and refused stands in the guide as in the code', () => {
  const guide = translationGuide()
  expect(embedTables(guide)).toBe(guide)
  expect(untoldTables(guide)).toEqual([])
})
