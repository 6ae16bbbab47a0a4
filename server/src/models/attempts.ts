import type { Deps } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import type { ServerSentEvent } from '../http/event-stream.ts'
import type { CallOutcome } from '../resilience/breaker.ts'
import { assembledAnswer } from './assembled-answer.ts'
import { type BackendAnswer, BackendFailed, type CallTimeouts } from './backend.ts'
import type { ModelRequest } from './model-request.ts'
import type { ServedModel } from './registry.ts'
import type { Translation } from './translation.ts'
import { readEvents, type UpstreamEvents } from './upstream-events.ts'
import { errorOfStream, faultOfFailure, faultOfStatus, type UpstreamFault } from './upstream-fault.ts'
import { readJsonAnswer } from './upstream-json.ts'
import { failureIn } from './upstream-stream.ts'

/** A model that can be tried for a call, with what the call is in its words. */
export interface Candidate {
  served: ServedModel
  /** Made for each try from what the caller sent: nothing of another provider is left in it. */
  translate(stream: boolean): Translation
  /** The caller's own key there. */
  apiKey: string | undefined
  /** Its name. */
  breaker: string
}

/** Whose failures count together: those at the operator's keys, or at one person's own. */
export const breakerName = (providerId: string, upstreamModel: string, ownerId: string | undefined) =>
  JSON.stringify([providerId, upstreamModel, ownerId ?? ''])

/** The answer that goes to the caller: whole (without bytes where it was put together from a stream), or as it comes. */
export type Upstream = { served: ServedModel; translation: Translation } & (
  | { kind: 'json'; answer: unknown; bytes: Uint8Array | undefined }
  | { kind: 'stream'; first: ServerSentEvent[]; rest: UpstreamEvents }
)

export interface Tried {
  upstream: Upstream
  attempts: number
  /** Says how it came out in the end, where it is not known yet. */
  leave(outcome: CallOutcome): void
}

/** Nobody answered. */
export class NobodyAnswered extends Error {
  override readonly name = 'NobodyAnswered'
  readonly error: ApiError
  readonly attempts: number
  readonly last: ServedModel | undefined

  constructor(error: ApiError, attempts: number, last: ServedModel | undefined) {
    super(error.message, { cause: error })
    this.error = error
    this.attempts = attempts
    this.last = last
  }
}

type World = Pick<Deps, 'modelBreakers' | 'now' | 'log'>

export interface TryOptions {
  request: ModelRequest
  requestId: string
  /** The caller is gone, or time is up. */
  signal: AbortSignal
  /** The caller is gone. */
  gone: AbortSignal
  /** Time is up. */
  time: AbortSignal
  /** When it is. Epoch milliseconds. */
  deadline: number
  timeouts(served: ServedModel): CallTimeouts
}

/** Nobody answers in less: with no more left, nobody else is asked. */
const SHORTEST_TRY_MS = 1000

/** One after the other, until one answers: a later one is asked only as long as no byte of an answer has come. */
export async function tryCandidates(
  deps: World,
  candidates: readonly Candidate[],
  options: TryOptions,
): Promise<Tried> {
  let attempts = 0
  let waitMs = Number.POSITIVE_INFINITY
  let fault: UpstreamFault | undefined
  let last: ServedModel | undefined
  for (const candidate of candidates) {
    if (attempts > 0 && (options.signal.aborted || options.deadline - deps.now() < SHORTEST_TRY_MS)) break
    const breaker = deps.modelBreakers(candidate.breaker)
    const leave = breaker.enter(deps.now())
    if (!leave) {
      waitMs = Math.min(waitMs, breaker.waitMs(deps.now()))
      continue
    }
    attempts++
    const before = last
    last = candidate.served
    const done = once((outcome: CallOutcome) => leave(outcome, deps.now()))
    try {
      return { upstream: await tryOne(candidate, options), attempts, leave: done }
    } catch (thrown) {
      const found = thrown instanceof UpstreamFaultError ? thrown.fault : undefined
      done(found?.outcome ?? 'neutral')
      if (!found && candidate !== candidates[0] && hasNoWords(thrown)) {
        attempts--
        last = before
        continue
      }
      if (!found) throw thrown
      fault = found
      deps.log.warn(
        { request_id: options.requestId, provider: candidate.served.provider.id, why: found.why, attempts },
        'a provider of models failed',
      )
      if (!found.goesOn) break
    }
  }
  throw new NobodyAnswered(fault?.error ?? allOut(waitMs), attempts, last)
}

/** Whoever stands in may not be able to do what was asked of the first: the caller did nothing wrong. */
function hasNoWords(thrown: unknown): boolean {
  return thrown instanceof ApiError && thrown.code === 'unsupported_parameter'
}

/** Thrown inside the attempts only. */
class UpstreamFaultError extends Error {
  readonly fault: UpstreamFault

  constructor(fault: UpstreamFault) {
    super(fault.why)
    this.fault = fault
  }
}

function allOut(waitMs: number): ApiError {
  const seconds = Number.isFinite(waitMs) ? Math.max(1, Math.ceil(waitMs / 1000)) : 1
  return new ApiError('upstream_unavailable', `The model cannot be reached now; try again in ${seconds} s`, {
    headers: { 'Retry-After': String(seconds) },
  })
}

async function tryOne(candidate: Candidate, options: TryOptions): Promise<Upstream> {
  const { request } = options
  if (!request.stream) return asked(candidate, options, false)
  try {
    return await asked(candidate, options, true)
  } catch (thrown) {
    // A stream that broke before its first event: once more, in one piece.
    if (!(thrown instanceof UpstreamFaultError) || !thrown.fault.isBrokenStream) throw thrown
    return asked(candidate, options, false)
  }
}

async function asked(candidate: Candidate, options: TryOptions, stream: boolean): Promise<Upstream> {
  const translation = candidate.translate(stream)
  const { signal, settle } = stream ? { signal: options.signal, settle: () => options.signal } : untilAnswered(options)
  try {
    return await answerTo(translation, candidate, { ...options, signal }, stream, settle)
  } catch (thrown) {
    const { inCallersWords } = translation
    if (!inCallersWords || !(thrown instanceof UpstreamFaultError)) throw thrown
    throw new UpstreamFaultError({ ...thrown.fault, error: inCallersWords(thrown.fault.error) })
  } finally {
    settle()
  }
}

/**
 * Once an answer in one piece has begun, it is made, and will be charged for by the provider: a caller who leaves then
 * pays for it, so it is read to its end. Until then the provider is left as soon as the caller is gone.
 */
function untilAnswered({ gone, time }: TryOptions) {
  const waiting = new AbortController()
  const leave = () => waiting.abort(gone.reason)
  if (gone.aborted) leave()
  gone.addEventListener('abort', leave, { once: true })
  const settle = () => {
    gone.removeEventListener('abort', leave)
    return time
  }
  return { signal: AbortSignal.any([waiting.signal, time]), settle }
}

async function answerTo(
  translation: Translation,
  { served, apiKey }: Candidate,
  { request, requestId, signal, timeouts }: TryOptions,
  stream: boolean,
  /** Says that an answer has begun. What may still end it. */
  begun: () => AbortSignal,
): Promise<Upstream> {
  const { operation, body } = translation
  const { backend } = served.provider
  const headers = backend.dialect === request.dialect ? request.headers : {}
  const call = { operation, body, stream, requestId, apiKey, headers, signal, timeouts: timeouts(served) }
  const answer = await failing(signal, backend.call(call))
  if (answer.status >= 300) throw new UpstreamFaultError(await faultOf(answer, served, apiKey))
  if (isEventStream(answer)) {
    const events = readEvents(answer, (event) => {
      const told = failureIn(operation, event)
      return told && errorOfStream(told, answer, served)
    })
    if (request.stream) return streamed(served, translation, events, signal, call.timeouts.firstByteMs)
    const assembled = await failing(begun(), assembledAnswer(operation, events))
    return { kind: 'json', served, translation, answer: assembled, bytes: undefined }
  }
  const { bytes, answer: json } = await failing(begun(), readJsonAnswer(answer))
  return { kind: 'json', served, translation, answer: json, bytes }
}

const isEventStream = ({ headers }: BackendAnswer) =>
  (headers.get('content-type') ?? '').toLowerCase().startsWith('text/event-stream')

async function faultOf(answer: BackendAnswer, served: ServedModel, apiKey: string | undefined): Promise<UpstreamFault> {
  const told = await readJsonAnswer(answer).catch(() => undefined)
  return faultOfStatus(answer, told?.answer, served, apiKey)
}

/** Waits for the first event that says something: until then, another provider can still be asked. */
async function streamed(
  served: ServedModel,
  translation: Translation,
  rest: UpstreamEvents,
  signal: AbortSignal,
  ms: number,
): Promise<Upstream> {
  const first: ServerSentEvent[] = []
  while (!first.some(({ data }) => data !== '')) {
    const events = await failing(signal, within(ms, rest.next())).catch(async (thrown: unknown) => {
      await rest.cancel()
      return asBrokenStream(thrown)
    })
    if (!events) throw new UpstreamFaultError({ ...faultOfFailure(brokenOff()), isBrokenStream: true })
    first.push(...events)
  }
  return { kind: 'stream', served, translation, first, rest }
}

/** What takes too long is not tried again in the same place. */
function asBrokenStream(thrown: unknown): never {
  if (!(thrown instanceof UpstreamFaultError) || thrown.fault.error.code === 'upstream_timeout') throw thrown
  throw new UpstreamFaultError({ isBrokenStream: true, ...thrown.fault })
}

/** A head that comes at once may be followed by nothing. */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new BackendFailed('timeout', 'The stream did not begin in time')), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

function brokenOff(): BackendFailed {
  return new BackendFailed('reset', 'The stream ended before it began')
}

function faultOfError(error: ApiError): UpstreamFault {
  const isOutage = error.status >= 500
  return {
    error,
    why: `An error in the place of an event: ${error.code}`,
    outcome: isOutage ? 'failure' : 'neutral',
    goesOn: isOutage || error.status === 429,
    isBrokenStream: false,
  }
}

/** What a backend throws, as a fault; what the caller did (it went away) as it is. */
async function failing<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (thrown) {
    if (signal.aborted && !(signal.reason instanceof ApiError)) throw signal.reason
    if (signal.reason instanceof ApiError) throw new UpstreamFaultError(faultOfFailure(outOfTime()))
    throw new UpstreamFaultError(thrown instanceof ApiError ? faultOfError(thrown) : faultOfFailure(thrown))
  }
}

function outOfTime(): BackendFailed {
  return new BackendFailed('timeout', 'The call took longer than it may')
}

function once<A>(call: (argument: A) => void): (argument: A) => void {
  let isDone = false
  return (argument) => {
    if (isDone) return
    isDone = true
    call(argument)
  }
}
