import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { Card, CardContent, CardHeader } from '../../components/card.tsx'
import { CodeBlock } from '../../components/code-block.tsx'
import { FormField } from '../../components/form-field.tsx'
import { Input } from '../../components/input.tsx'
import type { Connection } from '../../connections.ts'

/** How a program uses it: the provider's own API, at an address of ours. */
export function ProxyCall({ connection: { connection_id, provider_label } }: { connection: Connection }) {
  const [path, setPath] = useState('')
  const url = `${location.origin}/v1/proxy/${connection_id}/${path.trim().replace(/^\/+/, '')}`
  return (
    <Card>
      <CardHeader
        title="Call it"
        description={`Any path of ${provider_label}’s API, at an address of ours. We put the token in; the caller never has it.`}
      />
      <CardContent className="grid gap-4">
        <FormField label={`Path at ${provider_label}`} hint="As its documentation has it. The code below follows.">
          <Input
            value={path}
            onChange={(event) => setPath(event.target.value)}
            placeholder="/user"
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            className="font-mono"
          />
        </FormField>
        <CodeBlock
          title="Call through the proxy"
          code={[
            { language: 'curl', code: curl(url) },
            { language: 'TypeScript', code: typescript(url) },
            { language: 'Python', code: python(url) },
          ]}
        />
        <p className="text-[0.8125rem] text-muted-foreground">
          <code className="font-mono">AUTH_AGENT_TOKEN</code> is the access token of an agent, or an{' '}
          <Link to="/api-keys" className="link">
            API key
          </Link>{' '}
          with the scope <code className="font-mono">connections</code>.
        </p>
      </CardContent>
    </Card>
  )
}

/** Quoted for a shell: a path may hold `&` and `?`, and what is typed here is run there. */
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

const curl = (url: string) => `curl ${quoted(url)} \\\n  -H "Authorization: Bearer $AUTH_AGENT_TOKEN"`

const typescript = (url: string) => `const response = await fetch(${JSON.stringify(url)}, {
  headers: { Authorization: \`Bearer \${process.env.AUTH_AGENT_TOKEN}\` },
})
console.log(response.status, await response.text())`

const python = (url: string) => `import os, requests

response = requests.get(
    ${JSON.stringify(url)},
    headers={"Authorization": f"Bearer {os.environ['AUTH_AGENT_TOKEN']}"},
)
print(response.status_code, response.text)`
