import { Plus } from 'lucide-react'
import { Card, CardContent, CardHeader } from '../../components/card.tsx'
import { Initials } from '../../components/initials.tsx'
import type { Provider } from '../../providers.ts'

interface CatalogueProps {
  providers: readonly Provider[]
  onOpen: (name: string) => void
}

/** What is known and waits for a client of the operator's. */
export function Catalogue({ providers, onOpen }: CatalogueProps) {
  if (providers.length === 0) return null
  return (
    <Card>
      <CardHeader
        title="Catalogue"
        description="We know how these work. All that is missing is a client id and a secret."
      />
      <CardContent>
        <ul className="grid gap-2 sm:grid-cols-2 lg:grid-cols-3">
          {providers.map(({ name, label }) => (
            <li key={name}>
              <button
                type="button"
                onClick={() => onOpen(name)}
                className="group flex w-full items-center gap-3 rounded-lg border p-2.5 text-left transition-colors hover:border-input hover:bg-muted"
              >
                <Initials name={label} className="rounded-lg" />
                <span className="min-w-0 flex-1 truncate font-medium">
                  <span className="sr-only">Set up </span>
                  {label}
                </span>
                <Plus className="size-4 shrink-0 text-muted-foreground group-hover:text-foreground" aria-hidden />
              </button>
            </li>
          ))}
        </ul>
      </CardContent>
    </Card>
  )
}

/** Those that work by keys of people: there is nothing to do, and it is good to know. */
export function KeyProviders({ providers }: { providers: readonly Provider[] }) {
  if (providers.length === 0) return null
  return (
    <Card>
      <CardHeader
        title="Nothing to set up"
        description="People bring a key of their own for these, whenever they like."
      />
      <CardContent>
        <ul className="flex flex-wrap gap-x-5 gap-y-3">
          {providers.map(({ name, label }) => (
            <li key={name} className="flex items-center gap-2">
              <Initials name={label} className="size-6 rounded-md text-[0.625rem]" />
              {label}
            </li>
          ))}
        </ul>
      </CardContent>
    </Card>
  )
}
