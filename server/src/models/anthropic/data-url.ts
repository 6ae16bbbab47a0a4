import { invalid } from '../fields.ts'

export interface InlineData {
  mediaType: string
  /** Base64. */
  data: string
}

/** RFC 2397, base64 only. Undefined for any other kind of URL. */
export function readDataUrl(url: string, param: string): InlineData | undefined {
  const comma = url.indexOf(',')
  const head = url.slice(0, comma).toLowerCase()
  if (!head.startsWith('data:')) return undefined
  const [mediaType = '', ...parameters] = head.slice('data:'.length).split(';')
  if (comma < 0 || !parameters.includes('base64'))
    throw invalid(param, `${param} must be written as data:<media type>;base64,<data>`)
  return { mediaType: mediaType.trim(), data: checkBase64(url.slice(comma + 1), param) }
}

/** RFC 4648 §4. Refused here, since a provider's own refusal comes after the whole upload, or not at all. */
export function checkBase64(data: string, param: string): string {
  if (data === '' || data.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(data))
    throw invalid(param, `The data in ${param} is not base64; encode it again, with padding`)
  return data
}

export function writeDataUrl({ mediaType, data }: InlineData): string {
  return `data:${mediaType};base64,${data}`
}
