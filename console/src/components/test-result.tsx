import { CircleCheck } from 'lucide-react'
import type { TestResult } from '../test-sign-in.ts'
import { Claims } from './claims.tsx'
import { CodeBlock } from './code-block.tsx'
import { Tabs, TabsContent, TabsList, TabsTrigger } from './tabs.tsx'

/** What the website would have learned, readable and as it is. */
export function TestResultView({ result }: { result: TestResult }) {
  const { claims, id_claims, scope } = result
  const userInfo = claims.user_info as Record<string, unknown> | undefined
  const tokens = [
    ...(id_claims ? [{ value: 'id', label: 'ID token', claims: id_claims }] : []),
    userInfo
      ? { value: 'access', label: 'user_info', claims: userInfo }
      : { value: 'access', label: 'Access token', claims },
  ]
  return (
    <div className="grid min-w-0 gap-4">
      <p className="flex gap-2.5 rounded-lg bg-success-ground px-3 py-2.5 text-success">
        <CircleCheck className="mt-0.5 size-4 shrink-0" aria-hidden />
        <span>
          It works. Your website gets this, with the scope <code className="font-mono text-[0.8125rem]">{scope}</code>.
          The test has ended: these tokens are worth nothing now.
        </span>
      </p>
      <Tabs defaultValue={tokens[0]?.value ?? 'access'}>
        <TabsList aria-label="What it learned">
          {tokens.map(({ value, label }) => (
            <TabsTrigger key={value} value={value}>
              {label}
            </TabsTrigger>
          ))}
          <TabsTrigger value="json">JSON</TabsTrigger>
        </TabsList>
        {tokens.map(({ value, claims: shown }) => (
          <TabsContent key={value} value={value} className="pt-2">
            <Claims claims={shown} />
          </TabsContent>
        ))}
        <TabsContent value="json" className="pt-4">
          <CodeBlock title="Claims" code={JSON.stringify({ claims, id_claims }, null, 2)} />
        </TabsContent>
      </Tabs>
    </div>
  )
}
