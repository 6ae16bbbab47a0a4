import { APICallError } from '@ai-sdk/provider'

/** A model that the caller may use. */
export interface ListedModel {
  /** `provider/model`: what to call it by. */
  id: string
  /** Who serves it, for a panel that shows the models of one provider. */
  provider: string
  /** When the provider was set up. */
  created: Date
}

/** Reads the answer of `GET /v1/models`, or throws what the AI SDK would throw of a call that failed. */
export async function readModelList(url: string, answer: Response): Promise<ListedModel[]> {
  const responseBody = await answer.text()
  const body = parse(responseBody)
  const failed = (message: string) =>
    new APICallError({
      message,
      url,
      requestBodyValues: undefined,
      statusCode: answer.status,
      responseHeaders: Object.fromEntries(answer.headers),
      responseBody,
      data: body,
    })
  if (!answer.ok) throw failed(messageOf(body) ?? `The models cannot be listed: ${answer.status}`)
  if (!isModelList(body)) throw failed('This is not a list of models; baseURL ends in /v1')
  return body.data.map(({ id, owned_by, created }) => ({ id, provider: owned_by, created: new Date(created * 1000) }))
}

interface ModelList {
  data: { id: string; owned_by: string; created: number }[]
}

function isModelList(body: unknown): body is ModelList {
  const data = (body as Partial<ModelList> | undefined)?.data
  return (
    Array.isArray(data) &&
    data.every(
      (model) =>
        typeof model?.id === 'string' && typeof model.owned_by === 'string' && typeof model.created === 'number',
    )
  )
}

function messageOf(body: unknown): string | undefined {
  const message = (body as { error?: { message?: unknown } } | undefined)?.error?.message
  return typeof message === 'string' ? message : undefined
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) ?? undefined
  } catch {
    return undefined
  }
}
