import { type DestinationStream, type Logger, pino } from 'pino'
import { redact } from './redact.ts'

export type { Logger }

/** JSON lines, every one through the redactor. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      messageKey: 'message',
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => redact(fields) as Record<string, unknown>,
      },
      hooks: {
        logMethod(args, method) {
          method.apply(
            this,
            args.map((arg) => (typeof arg === 'string' ? redact(arg) : arg)) as Parameters<typeof method>,
          )
        },
      },
    },
    destination ?? pino.destination({ sync: false }),
  )
}
