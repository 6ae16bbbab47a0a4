import type {
  EmbeddingModelV4,
  LanguageModelV4,
  LanguageModelV4StreamPart,
  SharedV4ProviderMetadata,
} from '@ai-sdk/provider'
import { answerDetails } from './answer-details.ts'
import { heedingRetries } from './call-error.ts'

/** The name under which the AI SDK keeps what is ours: `providerOptions.authAgent`, `providerMetadata.authAgent`. */
export const PROVIDER_NAME = 'authAgent'

/**
 * A model that is looked for anew with each call: `modelOf` speaks the wire, and what Auth Agent says beside the
 * answer is told with it.
 */
export function gatewayLanguageModel(modelOf: () => LanguageModelV4): LanguageModelV4 {
  return {
    specificationVersion: 'v4',
    get provider() {
      return modelOf().provider
    },
    get modelId() {
      return modelOf().modelId
    },
    get supportedUrls() {
      return modelOf().supportedUrls
    },
    async doGenerate(options) {
      const model = modelOf()
      const result = await heedingRetries(() => model.doGenerate(options))
      return { ...result, providerMetadata: withDetails(result.providerMetadata, result.response?.headers) }
    },
    async doStream(options) {
      const model = modelOf()
      const { stream, ...result } = await heedingRetries(() => model.doStream(options))
      return { ...result, stream: stream.pipeThrough(detailsAtEnd(result.response?.headers)) }
    },
  }
}

export function gatewayEmbeddingModel(model: EmbeddingModelV4): EmbeddingModelV4 {
  return {
    specificationVersion: 'v4',
    provider: model.provider,
    modelId: model.modelId,
    maxEmbeddingsPerCall: model.maxEmbeddingsPerCall,
    supportsParallelCalls: model.supportsParallelCalls,
    async doEmbed(options) {
      const result = await heedingRetries(() => model.doEmbed(options))
      return { ...result, providerMetadata: withDetails(result.providerMetadata, result.response?.headers) }
    },
  }
}

function withDetails(
  metadata: SharedV4ProviderMetadata | undefined,
  headers: Record<string, string | undefined> | undefined,
): SharedV4ProviderMetadata {
  return { ...metadata, [PROVIDER_NAME]: { ...metadata?.[PROVIDER_NAME], ...answerDetails(headers) } }
}

function detailsAtEnd(headers: Record<string, string | undefined> | undefined) {
  return new TransformStream<LanguageModelV4StreamPart, LanguageModelV4StreamPart>({
    transform(part, controller) {
      controller.enqueue(
        part.type === 'finish' ? { ...part, providerMetadata: withDetails(part.providerMetadata, headers) } : part,
      )
    },
  })
}
