import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { type ApiFailure, asFailure } from '../../api.ts'
import { type Receipt, receiptOf } from '../../fuel.ts'
import { noticeSession } from '../../query-client.ts'
import { type CompletionCall, complete, type Message } from './completion.ts'
import type { Chosen, Settings } from './settings.ts'

export interface Question {
  id: string
  role: 'user'
  text: string
}

export interface Answer {
  /** That of the request, by which its receipt is found. */
  id: string
  role: 'assistant'
  text: string
  model: string
  state: 'coming' | 'done' | 'stopped' | 'failed'
  /** Cut off at the most tokens. */
  isCut?: boolean
  failure?: ApiFailure
  receipt?: Receipt | undefined
}

export type Turn = Question | Answer

/** A conversation, and what is under way of it. It ends with the screen. */
export function useChat() {
  const client = useQueryClient()
  const [turns, setTurns] = useState<readonly Turn[]>([])
  const running = useRef<AbortController>(undefined)
  // Nobody would read what still comes, and it would be paid for.
  useEffect(() => () => running.current?.abort(), [])

  const change = (id: string, part: Partial<Answer>) =>
    setTurns((all) => all.map((turn) => (turn.id === id && turn.role === 'assistant' ? { ...turn, ...part } : turn)))

  async function answer(before: readonly Turn[], settings: Settings, chosen: Chosen): Promise<void> {
    const controller = new AbortController()
    running.current = controller
    const id = newId()
    const call = callOf(before, settings, chosen)
    setTurns([...before, { id, role: 'assistant', text: '', model: call.model, state: 'coming' }])
    let isBegun = false
    try {
      let text = ''
      for await (const piece of complete(call, id, controller.signal)) {
        isBegun = true
        text += piece.text ?? ''
        change(id, { text, ...(piece.finish === 'length' && { isCut: true }) })
      }
      change(id, { state: 'done' })
    } catch (error) {
      if (controller.signal.aborted) change(id, { state: 'stopped' })
      else {
        const failure = asFailure(error)
        noticeSession(failure)
        change(id, { state: 'failed', failure })
      }
    }
    if (running.current === controller) running.current = undefined
    // What was refused was never begun, and is in no book.
    if (!isBegun && !controller.signal.aborted) return
    change(id, { receipt: await receiptOf(id).catch(() => undefined) })
    for (const part of ['usage', 'payment-method', 'models']) void client.invalidateQueries({ queryKey: [part] })
  }

  return {
    turns,
    isComing: turns.some((turn) => turn.role === 'assistant' && turn.state === 'coming'),
    ask(text: string, settings: Settings, chosen: Chosen) {
      void answer([...turns, { id: newId(), role: 'user', text }], settings, chosen)
    },
    /** The last question once more, as if the answer to it had never been. */
    askAgain(settings: Settings, chosen: Chosen) {
      void answer(turns.slice(0, -1), settings, chosen)
    },
    stop: () => running.current?.abort(),
    clear() {
      running.current?.abort()
      setTurns([])
    },
  }
}

/** As the server takes the name of a request. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12))
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

function callOf(turns: readonly Turn[], settings: Settings, { provider, model }: Chosen): CompletionCall {
  const system = settings.system.trim()
  const temperature = numberOf(settings.temperature)
  const most = numberOf(settings.maxTokens)
  // Newer models of OpenAI refuse the old name, and others do not know the new one.
  const isOpenAi = provider.kind === 'openai' || provider.kind === 'azure-openai'
  return {
    model: `${provider.id}/${model}`,
    messages: [...(system === '' ? [] : [{ role: 'system' as const, content: system }]), ...messagesOf(turns)],
    ...(temperature !== undefined && { temperature }),
    ...(most !== undefined && (isOpenAi ? { max_completion_tokens: most } : { max_tokens: most })),
  }
}

/** What was said; an answer that never came says nothing. */
const messagesOf = (turns: readonly Turn[]): Message[] =>
  turns.filter(({ text }) => text !== '').map(({ role, text }) => ({ role, content: text }))

function numberOf(typed: string): number | undefined {
  const value = Number(typed)
  return typed.trim() === '' || !Number.isFinite(value) ? undefined : value
}
