import type { Names } from '../../names.ts'
import { type AuditEvent, placeOf } from './audit-log.ts'
import { EventRow } from './event-row.tsx'

const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: 'full' })

/** Newest first, under the days of who reads it. */
export function EventList({ events, names }: { events: readonly AuditEvent[]; names: Names }) {
  const days = Map.groupBy(events, ({ at }) => DAY.format(new Date(at)))
  return [...days].map(([day, ofDay]) => (
    <section key={day} aria-label={day} className="border-b last:border-0">
      <h2 className="border-b bg-muted/60 px-4 py-1.5 text-xs font-medium text-muted-foreground sm:px-5">{day}</h2>
      <ol className="divide-y">
        {ofDay.map((event) => (
          <EventRow key={placeOf(event)} event={event} names={names} />
        ))}
      </ol>
    </section>
  ))
}
