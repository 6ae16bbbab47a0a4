import { Badge } from '../../components/badge.tsx'

interface ProviderScopesProps {
  scopes: readonly string[]
  /** More are counted only. */
  most?: number
}

/** What a provider lets us do, in its own words: the last part of those that are addresses. */
export function ProviderScopes({ scopes, most = scopes.length }: ProviderScopesProps) {
  if (scopes.length === 0) return <span className="text-muted-foreground">none named</span>
  const rest = scopes.slice(most)
  return (
    <ul aria-label="Scopes" className="flex min-w-0 flex-wrap gap-1">
      {scopes.slice(0, most).map((scope) => (
        <li key={scope} className="flex min-w-0">
          <Badge className="font-mono font-normal" title={scope}>
            <span className="truncate">{shortened(scope)}</span>
          </Badge>
        </li>
      ))}
      {rest.length > 0 && (
        <li className="flex">
          <Badge title={rest.join(', ')}>
            +{rest.length}
            <span className="sr-only"> more</span>
          </Badge>
        </li>
      )}
    </ul>
  )
}

export function shortened(scope: string): string {
  return /^https?:/.test(scope) ? (scope.split('/').filter(Boolean).at(-1) ?? scope) : scope
}
