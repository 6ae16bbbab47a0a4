import { Tabs as Primitive } from 'radix-ui'
import { useId, useState } from 'react'
import { cn } from './class-names.ts'
import { CopyButton } from './copy-button.tsx'

export interface Code {
  /** "TypeScript", "Python", "curl" … */
  language: string
  code: string
}

// The language that one reads is the same on every screen.
const KEY = 'auth-agent-language'

interface CodeBlockProps {
  /** Several are shown as tabs. */
  code: string | readonly Code[]
  /** What it is, for the copy button and for who listens: "Sign-in button". */
  title: string
  className?: string
}

export function CodeBlock({ code, title, className }: CodeBlockProps) {
  const variants = typeof code === 'string' ? [{ language: '', code }] : code
  const remembered = localStorage.getItem(KEY)
  const first = variants.find(({ language }) => language === remembered) ?? variants[0]
  const [chosen, choose] = useState(first?.language ?? '')
  const heading = useId()
  const current = variants.find(({ language }) => language === chosen) ?? first
  if (!current) return null

  const remember = (language: string) => {
    choose(language)
    localStorage.setItem(KEY, language)
  }

  return (
    <Primitive.Root
      value={current.language}
      onValueChange={remember}
      className={cn('min-w-0 overflow-hidden rounded-xl border bg-card', className)}
    >
      <div className="flex items-center justify-between gap-2 border-b bg-muted/70 py-1 pr-1 pl-3.5">
        <span
          id={heading}
          className={cn('truncate text-xs font-medium text-muted-foreground', variants.length > 1 && 'sr-only')}
        >
          {title}
        </span>
        {variants.length > 1 && <Languages labelledBy={heading} languages={variants.map(({ language }) => language)} />}
        <CopyButton value={current.code} what={title.toLowerCase()} />
      </div>
      {variants.map(({ language, code: text }) => (
        <Primitive.Content key={language} value={language} tabIndex={-1}>
          <pre
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
            tabIndex={0}
            className="overflow-x-auto p-3.5 font-mono text-[0.8125rem] leading-relaxed -outline-offset-2"
          >
            <code>{text}</code>
          </pre>
        </Primitive.Content>
      ))}
    </Primitive.Root>
  )
}

function Languages({ labelledBy, languages }: { labelledBy: string; languages: readonly string[] }) {
  return (
    <Primitive.List aria-labelledby={labelledBy} className="-ml-2 flex gap-0.5 overflow-x-auto">
      {languages.map((language) => (
        <Primitive.Trigger
          key={language}
          value={language}
          className={cn(
            'h-7 shrink-0 rounded-md px-2.5 text-xs font-medium text-muted-foreground -outline-offset-2 hover:text-foreground',
            'data-[state=active]:bg-card data-[state=active]:text-foreground data-[state=active]:shadow-card',
          )}
        >
          {language}
        </Primitive.Trigger>
      ))}
    </Primitive.List>
  )
}
