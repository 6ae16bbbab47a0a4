/** What Auth Agent says of an answer beside it; below `providerMetadata.authAgent`. */
export type AnswerDetails = {
  /** Who answered. */
  provider?: string
  /** At which try. */
  attempts?: number
  /** The model that stood in for the one that was asked. */
  fallback?: string
  /** What was taken for this answer. Not of a stream, whose price is known at its end: see its receipt. */
  costCents?: number
  /** What is left to spend. Not of a stream. */
  creditsRemaining?: number
  /** Names the call in the receipts and in the audit log. */
  requestId?: string
}

type Headers = Readonly<Record<string, string | undefined>>

/** The headers of an answer that are ours, read. */
export function answerDetails(headers: Headers = {}): AnswerDetails {
  const details: Record<keyof AnswerDetails, string | number | undefined> = {
    provider: headers['x-auth-agent-provider'],
    attempts: numberOf(headers['x-auth-agent-attempts']),
    fallback: headers['x-auth-agent-fallback'],
    costCents: numberOf(headers['x-auth-agent-cost-cents']),
    creditsRemaining: numberOf(headers['x-auth-agent-credits-remaining']),
    requestId: headers['x-request-id'],
  }
  return Object.fromEntries(Object.entries(details).filter(([, said]) => said !== undefined))
}

/** A decimal number; whatever else a header holds is nothing that we said. */
function numberOf(said: string | undefined): number | undefined {
  return said !== undefined && /^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(said) ? Number(said) : undefined
}
