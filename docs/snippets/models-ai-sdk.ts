import { createAuthAgent, createSelection } from '@auth-agent/sdk/ai'
import { streamText } from 'ai'

const authAgent = createAuthAgent({
  baseURL: `${process.env.ISSUER ?? 'http://localhost:4000'}/v1`,
  apiKey: () => process.env.API_KEY ?? '',
})

/** What a settings panel shows and changes; `selection.subscribe` and `selection.choice` are what React wants. */
export const selection = createSelection('openai/gpt-5')

/** What the panel offers: the models that the key may call, each with its provider. */
export const offered = () => authAgent.models()

/** Asks whatever is selected now. */
export async function ask(question: string, onText: (text: string) => void) {
  const { textStream, providerMetadata } = streamText({ model: authAgent.selected(selection), prompt: question })
  for await (const text of textStream) onText(text)
  // { provider, attempts, fallback?, requestId }; of an answer in one piece, costCents and creditsRemaining too.
  return (await providerMetadata)?.authAgent
}
