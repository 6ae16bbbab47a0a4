import { CircleCheck, CircleX, Info, X } from 'lucide-react'
import { Toast as Primitive } from 'radix-ui'
import { useSyncExternalStore } from 'react'
import { asFailure } from '../api.ts'

interface Notice {
  id: number
  tone: 'success' | 'failure' | 'info'
  title: string
  description?: string
}

let notices: Notice[] = []
let nextId = 1
const listeners = new Set<() => void>()

/** Toasts of our own on Radix, which reads them out; sonner's style element would break the Content-Security-Policy. */
export const toast = {
  success: (title: string, description?: string) => show('success', title, description),
  info: (title: string, description?: string) => show('info', title, description),
  /** Any failed call: its sentence, and the request id to tell us. */
  failure: (error: unknown) => {
    const { message, requestId } = asFailure(error)
    show('failure', message, requestId && `Request ${requestId}`)
  },
}

function show(tone: Notice['tone'], title: string, description?: string): void {
  const notice: Notice = { id: nextId++, tone, title, ...(description && { description }) }
  setNotices([...notices.slice(-2), notice])
}

function setNotices(next: Notice[]): void {
  notices = next
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function Toaster() {
  const shown = useSyncExternalStore(subscribe, () => notices)
  return (
    <Primitive.Provider swipeDirection="right" label="Notice">
      {shown.map((notice) => (
        <Toast key={notice.id} {...notice} />
      ))}
      <Primitive.Viewport className="fixed top-0 right-0 z-[60] flex w-full max-w-sm flex-col gap-2 p-4 outline-none sm:top-auto sm:bottom-0" />
    </Primitive.Provider>
  )
}

const ICONS = {
  success: <CircleCheck className="mt-0.5 size-4 shrink-0 text-success" aria-hidden />,
  failure: <CircleX className="mt-0.5 size-4 shrink-0 text-destructive" aria-hidden />,
  info: <Info className="mt-0.5 size-4 shrink-0 text-info" aria-hidden />,
}

/** A failure stays until it is put away: it may have to be read twice, or copied. */
function Toast({ id, tone, title, description }: Notice) {
  const failure = tone === 'failure'
  return (
    <Primitive.Root
      type={failure ? 'foreground' : 'background'}
      duration={failure ? Number.POSITIVE_INFINITY : 6000}
      onOpenChange={(open) => open || setNotices(notices.filter((notice) => notice.id !== id))}
      className="flex animate-appear gap-3 rounded-xl border bg-popover py-3 pr-2 pl-4 shadow-raised data-[swipe=move]:translate-x-(--radix-toast-swipe-move-x)"
    >
      {ICONS[tone]}
      <div className="grid min-w-0 flex-1 gap-0.5">
        <Primitive.Title className="font-medium">{title}</Primitive.Title>
        {description && (
          <Primitive.Description className="font-mono text-xs text-muted-foreground">
            {description}
          </Primitive.Description>
        )}
      </div>
      <Primitive.Close
        aria-label="Put away"
        className="grid size-7 shrink-0 place-items-center rounded-md text-muted-foreground hover:bg-hover hover:text-foreground"
      >
        <X className="size-4" aria-hidden />
      </Primitive.Close>
    </Primitive.Root>
  )
}
