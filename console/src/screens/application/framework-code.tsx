import { useState } from 'react'
import { CodeBlock } from '../../components/code-block.tsx'
import { Tabs, TabsContent, TabsList, TabsTrigger } from '../../components/tabs.tsx'
import { FRAMEWORKS, filled } from './snippets.ts'

// Who writes for Express does so for the next application too.
const KEY = 'auth-agent-framework'

export function FrameworkCode({ of }: { of: Parameters<typeof filled>[1] }) {
  const [chosen, choose] = useState(() => localStorage.getItem(KEY))
  const shown = FRAMEWORKS.find(({ id }) => id === chosen)?.id ?? 'node'
  const remember = (id: string) => {
    choose(id)
    localStorage.setItem(KEY, id)
  }
  return (
    <Tabs value={shown} onValueChange={remember}>
      <TabsList aria-label="Framework">
        {FRAMEWORKS.map(({ id, label }) => (
          <TabsTrigger key={id} value={id}>
            {label}
          </TabsTrigger>
        ))}
      </TabsList>
      {FRAMEWORKS.map((framework) => (
        <TabsContent key={framework.id} value={framework.id} className="grid gap-3">
          {filled(framework, of).map(({ title, code }) => (
            <CodeBlock key={title} title={title} code={code} />
          ))}
        </TabsContent>
      ))}
    </Tabs>
  )
}
