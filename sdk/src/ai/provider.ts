import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { type EmbeddingModelV4, type LanguageModelV4, NoSuchModelError, type ProviderV4 } from '@ai-sdk/provider'
import { gatewayEmbeddingModel, gatewayLanguageModel, PROVIDER_NAME } from './gateway-model.ts'
import { type ListedModel, readModelList } from './model-list.ts'
import { type ModelContext, modelInContext } from './request-context.ts'

export interface AuthAgentSettings {
  /** Where the gateway of models is: `https://auth.example/v1`. */
  baseURL: string
  /** An API key with `agent-fuel`, or an agent's own token. A function is asked before each call, and may wait. */
  apiKey: string | (() => string | PromiseLike<string>)
  /** Sent with every call. */
  headers?: Record<string, string>
  /** In the place of the global one. */
  fetch?: typeof globalThis.fetch
}

/** A provider of the AI SDK. */
export interface AuthAgentProvider extends ProviderV4 {
  /** A model by its name: `provider/model`, or bare. */
  (modelId: string): LanguageModelV4
  languageModel(modelId: string): LanguageModelV4
  embeddingModel(modelId: string): EmbeddingModelV4
  /** The model that is selected at the moment when a call begins. */
  selected(selection: { readonly modelId: string }): LanguageModelV4
  /**
   * For Mastra's `model`: the one that `mastraMiddleware` (or code of yours) put into the context of the request, a
   * `RequestContext` or, as it was called before, a `RuntimeContext`. It has the type that Mastra asks for: that is
   * written after another release of the AI SDK than yours, whose models it runs all the same.
   */
  fromContext<Model = LanguageModelV4>(options: { default: string; key?: string }): (contexts: ModelContext) => Model
  /** The models that the key may call. */
  models(options?: { abortSignal?: AbortSignal }): Promise<ListedModel[]>
}

/** Models behind Auth Agent, for the AI SDK and for agents of Mastra. */
export function createAuthAgent({ baseURL, apiKey, headers = {}, fetch }: AuthAgentSettings): AuthAgentProvider {
  const base = new URL(baseURL).href.replace(/\/+$/, '')
  const wire = createOpenAICompatible({
    name: PROVIDER_NAME,
    baseURL: base,
    apiKey,
    headers,
    includeUsage: true,
    supportsStructuredOutputs: true,
    ...(fetch && { fetch }),
  })

  async function models({ abortSignal }: { abortSignal?: AbortSignal } = {}): Promise<ListedModel[]> {
    const url = `${base}/models`
    const key = typeof apiKey === 'function' ? await apiKey() : apiKey
    const answer = await (fetch ?? globalThis.fetch)(url, {
      headers: { authorization: `Bearer ${key}`, ...headers },
      ...(abortSignal && { signal: abortSignal }),
    })
    return readModelList(url, answer)
  }

  const languageModel = (modelId: string) => {
    const model = wire.languageModel(modelId)
    return gatewayLanguageModel(() => model)
  }
  return Object.assign((modelId: string) => languageModel(modelId), {
    specificationVersion: 'v4' as const,
    languageModel,
    embeddingModel: (modelId: string) => gatewayEmbeddingModel(wire.embeddingModel(modelId)),
    imageModel(modelId: string): never {
      throw new NoSuchModelError({ modelId, modelType: 'imageModel' })
    },
    selected: (selection: { readonly modelId: string }) =>
      gatewayLanguageModel(() => wire.languageModel(selection.modelId)),
    fromContext<Model = LanguageModelV4>({ default: usual, key }: { default: string; key?: string }) {
      return (contexts: ModelContext) => languageModel(modelInContext(contexts, key) ?? usual) as Model
    },
    models,
  })
}
