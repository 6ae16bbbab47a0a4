import {
  asText,
  entryOf,
  given,
  invalid,
  isGiven,
  isJson,
  type Json,
  listAt,
  objectAt,
  textAt,
  unsupported,
} from '../fields.ts'
import { checkBase64, type InlineData, readDataUrl, writeDataUrl } from './data-url.ts'

/** What Anthropic reads as an image. */
const IMAGES = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp'])

type ToBlock = (part: Json, param: string) => Json

/** A part of a chat message, by its type, as a block. */
const BLOCKS: Readonly<Record<string, ToBlock>> = {
  text: (part, param) => ({ type: 'text', text: textAt(part.text, `${param}.text`) }),
  refusal: (part, param) => ({ type: 'text', text: textAt(part.refusal, `${param}.refusal`) }),
  // `detail` is advice on resolution, which Anthropic chooses itself.
  image_url: (part, param) => imageBlock(objectAt(part.image_url, `${param}.image_url`), `${param}.image_url.url`),
  file: (part, param) => documentBlock(objectAt(part.file, `${param}.file`), `${param}.file`),
}

/** The content of a chat message as blocks, without the empty text that Anthropic refuses. */
export function toBlocks(content: unknown, param: string): Json[] {
  if (!isGiven(content)) return []
  const parts = typeof content === 'string' ? [{ type: 'text', text: content }] : listAt(content, param)
  return parts.map((part, i) => toBlock(objectAt(part, `${param}[${i}]`), `${param}[${i}]`)).filter(hasContent)
}

function toBlock(part: Json, param: string): Json {
  const { type } = part
  const translate = entryOf(BLOCKS, type)
  if (!translate)
    throw unsupported(
      `${param}.type`,
      `Anthropic's models do not read parts of type ${asText(type)}; send text, images or files`,
    )
  return given({ ...translate(part, param), cache_control: part.cache_control })
}

function hasContent(block: Json): boolean {
  return block.type !== 'text' || block.text !== ''
}

function imageBlock(image: Json, param: string): Json {
  const url = textAt(image.url, param)
  const inline = readDataUrl(url, param)
  if (!inline) return { type: 'image', source: { type: 'url', url: httpsOnly(url, param) } }
  const mediaType = inline.mediaType === 'image/jpg' ? 'image/jpeg' : inline.mediaType
  if (!IMAGES.has(mediaType)) throw invalid(param, `${param} must be a JPEG, PNG, GIF or WebP image`)
  return { type: 'image', source: { type: 'base64', media_type: mediaType, data: inline.data } }
}

function httpsOnly(url: string, param: string): string {
  if (URL.parse(url)?.protocol === 'https:') return url
  throw invalid(param, `${param} must be an https address, or data: with base64`)
}

function documentBlock(file: Json, param: string): Json {
  if (!isGiven(file.file_data))
    throw unsupported(`${param}.file_id`, 'A file kept at OpenAI cannot be read by Anthropic; send it as file_data')
  const data = textAt(file.file_data, `${param}.file_data`)
  return given({ type: 'document', source: documentSource(data, `${param}.file_data`), title: file.filename })
}

function documentSource(data: string, param: string): Json {
  if (data.startsWith('https://')) return { type: 'url', url: httpsOnly(data, param) }
  // OpenAI takes a PDF without the head of a data URL, too.
  const inline = readDataUrl(data, param) ?? { mediaType: 'application/pdf', data: checkBase64(data, param) }
  if (inline.mediaType === 'application/pdf') return { type: 'base64', media_type: inline.mediaType, data: inline.data }
  if (inline.mediaType.startsWith('text/'))
    return { type: 'text', media_type: 'text/plain', data: Buffer.from(inline.data, 'base64').toString('utf8') }
  throw invalid(param, `${param} must be a PDF or text; convert it, or send what it says as text`)
}

type ToParts = (block: Json, param: string) => Json[]

/** A block of an Anthropic message, by its type, as parts of a chat message. */
const PARTS: Readonly<Record<string, ToParts>> = {
  text: (block, param) => [{ type: 'text', text: textAt(block.text, `${param}.text`) }],
  image: (block, param) => [{ type: 'image_url', image_url: { url: imageUrl(block, `${param}.source`) } }],
  document: (block, param) => documentParts(block, `${param}.source`),
  search_result: (block, param) => [
    { type: 'text', text: `${asText(block.title ?? '')}\n${asText(block.source ?? '')}\n` },
    ...toParts(block.content, `${param}.content`),
  ],
}

/** Anthropic's content as parts. `cache_control` is advice that other providers stumble over: they cache by themselves. */
export function toParts(content: unknown, param: string): Json[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  return listAt(content, param).flatMap((block, i) => toPart(objectAt(block, `${param}[${i}]`), `${param}[${i}]`))
}

function toPart(block: Json, param: string): Json[] {
  const { type } = block
  const translate = entryOf(PARTS, type)
  if (!translate)
    throw unsupported(`${param}.type`, `This model does not read blocks of type ${asText(type)}; leave them out`)
  return translate(block, param)
}

function imageUrl(block: Json, param: string): string {
  const source = objectAt(block.source, param)
  if (source.type === 'url') return textAt(source.url, `${param}.url`)
  return writeDataUrl(inlineData(source, param))
}

function inlineData(source: Json, param: string): InlineData {
  if (source.type !== 'base64')
    throw unsupported(`${param}.type`, 'A file kept at Anthropic cannot be read by this model; send its data')
  const data = checkBase64(textAt(source.data, `${param}.data`), `${param}.data`)
  return { mediaType: textAt(source.media_type, `${param}.media_type`), data }
}

function documentParts(block: Json, param: string): Json[] {
  const source = objectAt(block.source, param)
  if (source.type === 'text') return [{ type: 'text', text: textAt(source.data, `${param}.data`) }]
  if (source.type === 'content') return toParts(source.content, `${param}.content`)
  if (source.type === 'url')
    throw unsupported(`${param}.type`, 'This model does not fetch documents; send the data of the document')
  const file = { filename: block.title ?? 'document.pdf', file_data: writeDataUrl(inlineData(source, param)) }
  return [{ type: 'file', file }]
}

/** A single text as plain text, which every provider of OpenAI's shape reads. */
export function plainContent(parts: readonly Json[]): unknown {
  const [first, ...others] = parts
  return others.length === 0 && isText(first) ? first.text : parts
}

export function isText(part: unknown): part is { type: 'text'; text: string } {
  return isJson(part) && part.type === 'text' && typeof part.text === 'string'
}
