import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cleanedJson, withoutReservedNames } from '../src/ai/caller-body.ts'
import { CONTEXT_NAMES, isReserved } from '../src/ai/request-context.ts'

const RESERVED = [
  'mastra__resourceId',
  'mastra__',
  'user',
  'organizationId',
  'role',
  'model',
  '__proto__',
  'constructor',
]
const key = fc.oneof(fc.constantFrom(...CONTEXT_NAMES, ...RESERVED, 'a', 'b'), fc.string())
/** As text, since not every key stands in an object of JavaScript as it does there. */
const { json } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.jsonValue({ maxDepth: 0 }).map((value) => JSON.stringify(value)),
    fc.array(tie('json'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
    fc
      .array(fc.tuple(key, tie('json')), { maxLength: 4 })
      .map((members) => `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`),
  ),
}))

/** Every object that stands under a name of a context, wherever. */
function contextsIn(value: unknown): object[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, held]) => [
    ...((CONTEXT_NAMES as readonly string[]).includes(name) && typeof held === 'object' && held !== null ? [held] : []),
    ...contextsIn(held),
  ])
}

test('whatever the body, no reserved name is left in a context, and what is left was there', () => {
  fc.assert(
    fc.property(json, (text) => {
      const cleaned = cleanedJson(text)
      const contexts = contextsIn(JSON.parse(cleaned ?? text))
      for (const context of contexts) expect(Object.keys(context).filter(isReserved)).toEqual([])
      // Once is enough, and where nothing is to be done nothing is.
      if (cleaned !== undefined) expect(cleanedJson(cleaned)).toBeUndefined()
      else expect(contextsIn(JSON.parse(text)).flatMap(Object.keys).filter(isReserved)).toEqual([])
    }),
    { numRuns: 500 },
  )
})

test('what stands elsewhere stays, though it is called the same', () => {
  const body = { user: 'me', model: 'x', messages: [{ role: 'user' }], requestContext: { role: 'admin', locale: 'de' } }
  expect(JSON.parse(cleanedJson(JSON.stringify(body)) ?? '')).toEqual({ ...body, requestContext: { locale: 'de' } })
})

test('pairs, of which a context can be made too, lose theirs', () => {
  expect(cleanedJson('{"requestContext":[["role","admin"],["locale","de"]]}')).toBe(
    '{"requestContext":[["locale","de"]]}',
  )
})

test('a request that has nothing to be taken out is the same, with its body unread', async () => {
  for (const body of ['{"requestContext":{"locale":"de"}}', 'no JSON', '{', '', '"requestContext"', 'null']) {
    const request = new Request('http://mastra.example/', { method: 'POST', body })
    expect(await withoutReservedNames(request)).toBe(request)
    expect(await request.text()).toBe(body)
  }
})

test('a form keeps its files and its other fields', async () => {
  const form = new FormData()
  form.append('requestContext', '{"role":"admin"}')
  form.append('messages', '[]')
  form.append('file', new File([new Uint8Array([0, 255, 10])], 'a.bin', { type: 'application/x-own' }))
  const request = new Request('http://mastra.example/', { method: 'POST', body: form })
  const cleaned = await (await withoutReservedNames(request)).formData()
  expect([cleaned.get('requestContext'), cleaned.get('messages')]).toEqual(['{}', '[]'])
  const file = cleaned.get('file') as File
  expect([file.name, file.type, [...new Uint8Array(await file.arrayBuffer())]]).toEqual([
    'a.bin',
    'application/x-own',
    [0, 255, 10],
  ])
})

test('what calls itself a form and is none is left to who reads it', async () => {
  const headers = { 'content-type': 'multipart/form-data; boundary=x' }
  const request = new Request('http://mastra.example/', { method: 'POST', headers, body: 'nothing of it' })
  expect(await withoutReservedNames(request)).toBe(request)
})

test('a body that somebody has read already is not passed for clean', async () => {
  const request = new Request('http://mastra.example/', { method: 'POST', body: '{}' })
  await request.text()
  await expect(withoutReservedNames(request)).rejects.toThrow('has been read')
})
