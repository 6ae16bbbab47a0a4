import { CircleStop, MessagesSquare, RotateCw, Scissors } from 'lucide-react'
import { type ReactNode, useEffect, useRef } from 'react'
import { Button } from '../../components/button.tsx'
import { cn } from '../../components/class-names.ts'
import { EmptyState } from '../../components/empty-state.tsx'
import { FailureNote } from '../../components/form-field.tsx'
import { Cost } from './cost.tsx'
import type { Answer, Turn } from './use-chat.ts'

interface ConversationProps {
  turns: readonly Turn[]
  /** Asks the last question once more. */
  onAgain: () => void
}

export function Conversation({ turns, onAgain }: ConversationProps) {
  const place = useFollowing(turns)
  const last = turns.at(-1)
  return (
    <div
      ref={place}
      role="log"
      aria-label="Conversation"
      // Read out as a whole when it is there, not word by word.
      aria-busy={last?.role === 'assistant' && last.state === 'coming'}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be scrolled by a keyboard, too
      tabIndex={0}
      className="min-h-0 flex-1 overflow-y-auto px-4 py-4 -outline-offset-2 sm:px-5"
    >
      {turns.length === 0 ? (
        <EmptyState icon={MessagesSquare} title="Say something" className="py-8">
          The answer appears as it is written, with its tokens and its cost below. Nothing of the chat is kept: it ends
          when you leave this page.
        </EmptyState>
      ) : (
        <ol className="grid gap-5">
          {turns.map((turn) => (
            <li key={turn.id} className="grid min-w-0">
              {turn.role === 'user' ? (
                <Said by="You">{turn.text}</Said>
              ) : (
                <Reply answer={turn} {...(turn === last && { onAgain })} />
              )}
            </li>
          ))}
        </ol>
      )}
    </div>
  )
}

function Said({ by, children }: { by: string; children: ReactNode }) {
  return (
    <div className="max-w-[85%] justify-self-end rounded-2xl rounded-br-md bg-primary-ground px-4 py-2.5 whitespace-pre-wrap">
      <span className="sr-only">{by}: </span>
      {children}
    </div>
  )
}

interface ReplyProps {
  answer: Answer
  /** Of the last one only. */
  onAgain?: () => void
}

function Reply({ answer, onAgain }: ReplyProps) {
  const { model, text, state, isCut, failure, receipt } = answer
  return (
    <div className="grid max-w-[85%] min-w-0 gap-1.5 justify-self-start">
      <p className="truncate font-mono text-xs text-muted-foreground">{model}</p>
      {(text !== '' || state === 'coming') && (
        <div className="justify-self-start rounded-2xl rounded-tl-md border bg-background px-4 py-2.5 whitespace-pre-wrap">
          {text}
          {state === 'coming' && <Writing isFirst={text === ''} />}
        </div>
      )}
      {state === 'stopped' && <Note icon={<CircleStop aria-hidden />}>You stopped it.</Note>}
      {isCut && <Note icon={<Scissors aria-hidden />}>Cut off: it may not be longer. Allow more tokens.</Note>}
      {failure && <FailureNote failure={failure} />}
      {onAgain && (state === 'failed' || state === 'stopped') && (
        <Button variant="outline" size="sm" className="justify-self-start" onClick={onAgain}>
          <RotateCw aria-hidden />
          Ask again
        </Button>
      )}
      {state !== 'coming' && receipt && <Cost receipt={receipt} />}
    </div>
  )
}

function Note({ icon, children }: { icon: ReactNode; children: ReactNode }) {
  return (
    <p className="flex items-center gap-1.5 text-[0.8125rem] text-muted-foreground [&>svg]:size-3.5 [&>svg]:shrink-0">
      {icon}
      {children}
    </p>
  )
}

function Writing({ isFirst }: { isFirst: boolean }) {
  return (
    <span
      aria-hidden
      className={cn('inline-block h-4 w-1.5 animate-pulse rounded-sm bg-primary align-[-0.15em]', !isFirst && 'ml-1')}
    />
  )
}

const NEAR_PX = 80

/** Stays at the end, unless who reads has gone up. */
function useFollowing(turns: readonly Turn[]) {
  const place = useRef<HTMLDivElement>(null)
  const count = useRef(0)
  useEffect(() => {
    const element = place.current
    if (!element) return
    const isNew = turns.length !== count.current
    count.current = turns.length
    const left = element.scrollHeight - element.scrollTop - element.clientHeight
    if (isNew || left < NEAR_PX) element.scrollTop = element.scrollHeight
  }, [turns])
  return place
}
