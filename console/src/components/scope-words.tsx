import { wordsOf } from '../scopes.ts'
import { cn } from './class-names.ts'

interface ScopeWordsProps {
  /** As the protocol has it: separated by spaces. */
  scope: string
  className?: string
}

/** What a website can do after an agent has signed in there, a line for each scope. */
export function ScopeWords({ scope, className }: ScopeWordsProps) {
  const tokens = new Set(scope.split(' ').filter(Boolean))
  if (tokens.size === 0) return <p className={cn('text-muted-foreground', className)}>Nothing but let the agent in</p>
  return (
    <ul className={cn('grid list-disc gap-0.5 pl-4 marker:text-muted-foreground', className)}>
      {[...tokens].map((token) => (
        <li key={token}>{canOf(token) ?? <Unknown token={token} />}</li>
      ))}
    </ul>
  )
}

/** By `openid` a website knows the agent again; of people it would know the person. */
function canOf(token: string): string | undefined {
  return token === 'openid' ? 'recognize the agent, by an id that is always the same' : wordsOf(token)?.can
}

function Unknown({ token }: { token: string }) {
  return (
    <>
      use <code className="font-mono text-[0.8125rem]">{token}</code>, which only the website can explain
    </>
  )
}
