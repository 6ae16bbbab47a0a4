import { SendHorizontal, Square } from 'lucide-react'
import { type KeyboardEvent, type SyntheticEvent, useRef, useState } from 'react'
import { Button } from '../../components/button.tsx'
import { Textarea } from '../../components/input.tsx'

interface ComposerProps {
  /** An answer is being written. */
  isComing: boolean
  canSend: boolean
  onSend: (text: string) => void
  onStop: () => void
}

export function Composer({ isComing, canSend, onSend, onStop }: ComposerProps) {
  const [text, setText] = useState('')
  const field = useRef<HTMLTextAreaElement>(null)
  const isReady = canSend && !isComing && text.trim() !== ''

  const send = () => {
    if (!isReady) return
    onSend(text.trim())
    setText('')
    field.current?.focus()
  }
  // The button gives way to the other one, and must not take the focus with it.
  const stop = () => {
    onStop()
    field.current?.focus()
  }
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    send()
  }
  const press = (event: KeyboardEvent) => {
    // Enter that ends the composing of a character is no end of a message.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    send()
  }

  return (
    <form onSubmit={submit} className="grid gap-1.5 border-t px-4 pt-3 pb-3 sm:px-5">
      <div className="flex items-end gap-2">
        <Textarea
          ref={field}
          aria-label="Message"
          aria-keyshortcuts="Enter"
          placeholder="Message"
          rows={1}
          value={text}
          onChange={({ target }) => setText(target.value)}
          onKeyDown={press}
          className="max-h-40 min-h-9 resize-none"
        />
        {isComing ? (
          <Button variant="outline" onClick={stop}>
            <Square aria-hidden />
            Stop
          </Button>
        ) : (
          <Button type="submit" disabled={!isReady}>
            <SendHorizontal aria-hidden />
            Send
          </Button>
        )}
      </div>
      <p className="text-xs text-muted-foreground max-sm:hidden">Enter sends, Shift and Enter begin a new line.</p>
    </form>
  )
}
