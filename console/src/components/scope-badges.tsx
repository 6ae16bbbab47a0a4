import { wordsOf } from '../scopes.ts'
import { Badge } from './badge.tsx'

/** What was allowed, in two words each; one that we have no words for by its name. */
export function ScopeBadges({ scopes, label }: { scopes: readonly string[]; label: string }) {
  return (
    <ul aria-label={label} className="flex flex-wrap gap-1">
      {scopes.map((scope) => {
        const words = wordsOf(scope)
        return (
          <li key={scope} className="flex">
            <Badge tone={scope === 'manage' ? 'warning' : 'neutral'} title={words && `Can ${words.can} (${scope})`}>
              {words?.label ?? scope}
            </Badge>
          </li>
        )
      })}
    </ul>
  )
}
