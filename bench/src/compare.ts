import { load, type Measurement, type Unit } from './load.ts'
import type { Side } from './side.ts'
import { median, quantile } from './statistics.ts'

/** What a measurement looks at, of whatever answers. */
export type Measured = Pick<Side, 'server' | 'databaseBytes'>

/** One side of a row. */
export type Contender = {
  label: string
  side: Measured
  /** Everything that is not timed. Called before each round with the number of its units. */
  prepare: (count: number) => Promise<Unit>
}

export type Row = {
  title: string
  contenders: Contender[]
  /** No round has more units than this: for rows whose preparation costs more than what they time. */
  limit?: number
}

export type Pace = { concurrency: number; rounds: number; warmUpSeconds: number; roundSeconds: number }

export type Result = {
  label: string
  /** The median of the rounds; how far they are apart tells what else the machine did. */
  perSecond: number
  slowest: number
  fastest: number
  /** Of the server, all threads; undefined where the system does not tell. */
  cpuMs: number | undefined
  p50: number
  p99: number
  bytesOnWire: number
  databaseBytes: number | undefined
}

export type Comparison = { title: string; results: Result[] }

type Running = { contender: Contender; count: number; rounds: Round[] }
type Round = Measurement & { cpuMs: number | undefined; databaseBytes: number | undefined }

/** Rounds of a fixed count for each contender, in turn, so that whatever else the machine does hits all of them. */
export async function compare(row: Row, pace: Pace): Promise<Comparison> {
  const running: Running[] = []
  for (const contender of row.contenders) running.push(await warmUp(contender, row.limit ?? Infinity, pace))

  for (let round = 0; round < pace.rounds; round++) {
    for (const entry of inTurn(running, round)) {
      entry.rounds.push(await runRound(entry.contender, entry.count, pace.concurrency))
    }
  }
  return { title: row.title, results: running.map(summarize) }
}

/** Until the compiler has seen enough; the last pace decides how many units make a round of the wanted length. */
async function warmUp(contender: Contender, limit: number, pace: Pace): Promise<Running> {
  let count = Math.min(limit, pace.concurrency * 4)
  for (let seconds = 0; seconds < pace.warmUpSeconds; ) {
    const round = await runRound(contender, count, pace.concurrency)
    seconds += round.seconds
    count = Math.min(limit, Math.max(pace.concurrency, Math.round((pace.roundSeconds * count) / round.seconds)))
  }
  return { contender, count, rounds: [] }
}

async function runRound({ side, prepare }: Contender, count: number, concurrency: number): Promise<Round> {
  const unit = await prepare(count)
  const cpuBefore = side.server.cpuMs()
  const sizeBefore = side.databaseBytes?.()
  const measurement = await load(side.server.port, concurrency, count, unit)
  return {
    ...measurement,
    cpuMs: difference(side.server.cpuMs(), cpuBefore),
    databaseBytes: difference(side.databaseBytes?.(), sizeBefore),
  }
}

/** Each round starts with another contender. */
function inTurn<T>(entries: T[], round: number): T[] {
  const first = round % entries.length
  return [...entries.slice(first), ...entries.slice(0, first)]
}

function summarize({ contender, rounds }: Running): Result {
  const latencies = rounds.flatMap((round) => [...round.latencies])
  const paces = rounds.map((round) => round.count / round.seconds)
  return {
    label: contender.label,
    perSecond: median(paces),
    slowest: Math.min(...paces),
    fastest: Math.max(...paces),
    cpuMs: perUnit(rounds, (round) => round.cpuMs),
    p50: median(latencies),
    p99: quantile(latencies, 0.99),
    bytesOnWire: perUnit(rounds, ({ bytes }) => bytes.sent + bytes.received) ?? 0,
    databaseBytes: perUnit(rounds, (round) => round.databaseBytes),
  }
}

function perUnit(rounds: Round[], of: (round: Round) => number | undefined): number | undefined {
  let total = 0
  let units = 0
  for (const round of rounds) {
    const value = of(round)
    if (value === undefined) return undefined
    total += value
    units += round.count
  }
  return total / units
}

function difference(after: number | undefined, before: number | undefined): number | undefined {
  return after === undefined || before === undefined ? undefined : after - before
}
