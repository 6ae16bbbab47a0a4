import type { Json } from './fields.ts'

/** Translates a stream, event by event. */
export interface StreamTranslator {
  /** What an event's data, parsed, becomes. Throws an `ApiError` for an event that tells of a failure. */
  push(event: unknown): Json[]
  /** What is still to be said when the stream has ended. Throws where it ended too early: that is no answer. */
  end(): Json[]
  /** What is still to be said where we end the stream, since the answer is as long as it may be. */
  cut(): Json[]
  /** An event of ours that tells of a failure, as one of this stream. */
  failed?(event: Json): Json[]
}

/** One translation behind the other. */
export function throughBoth(first: StreamTranslator, second: StreamTranslator): StreamTranslator {
  const through = (events: readonly Json[]) => events.flatMap((event) => second.push(event))
  return {
    ...second,
    push: (event) => through(first.push(event)),
    end: () => [...through(first.end()), ...second.end()],
    cut: () => [...through(first.cut()), ...second.cut()],
  }
}
