import { ApiError } from '../../http/errors.ts'
import { entryOf } from '../fields.ts'
import type { Place } from './input.ts'

/** Members of a chat's body by the names that they have in a response's. */
const NAMES: Readonly<Record<string, string>> = {
  max_completion_tokens: 'max_output_tokens',
  max_tokens: 'max_output_tokens',
  reasoning_effort: 'reasoning.effort',
  response_format: 'text.format',
  verbosity: 'text.verbosity',
  messages: 'input',
}

/** What is written otherwise behind the place of a message. */
const INNER: readonly [RegExp, string][] = [
  [/\.image_url\.url$/, '.image_url'],
  [/\.file\.(file_data|filename)/, '.$1'],
  [/\.tool_call_id$/, '.call_id'],
]

/** A failure that a chat's translation tells, in the words of the response that the chat was made of. */
export function inResponsesWords(error: ApiError, places: readonly Place[]): ApiError {
  const { code, message, param, headers, cause } = error
  if (param === undefined) return error
  const said = nameOf(param, places)
  return new ApiError(code, message.replaceAll(param, said), { param: said, headers, cause })
}

function nameOf(param: string, places: readonly Place[]): string {
  const [, number, inMessage = ''] = /^messages\[(\d+)\](.*)$/.exec(param) ?? []
  if (number !== undefined) return placeOf(places[Number(number)], inMessage)
  const [name = '', rest = ''] = [/^\w+/.exec(param)?.[0], param.replace(/^\w+/, '')]
  return `${entryOf(NAMES, name) ?? name}${rest.replace(/^(\[\d+\])\.function/, '$1').replace(/^\.json_schema/, '')}`
}

function placeOf(place: Place | undefined, inMessage: string): string {
  if (!place) return 'input'
  const [, number, inCall = ''] = /^\.tool_calls\[(\d+)\](.*)$/.exec(inMessage) ?? []
  if (number !== undefined)
    return `${place.calls[Number(number)]}${inCall.replace('.function', '').replace(/^\.id$/, '.call_id')}`
  // Plain text has no parts of its own.
  if (!place.content.startsWith('input[')) return place.content
  return INNER.reduce(
    (said, [written, inResponse]) => said.replace(written, inResponse),
    `${place.content}${inMessage}`,
  )
}
