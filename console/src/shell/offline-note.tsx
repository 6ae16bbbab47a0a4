import { CloudOff } from 'lucide-react'
import { useSyncExternalStore } from 'react'

function subscribe(listener: () => void): () => void {
  addEventListener('online', listener)
  addEventListener('offline', listener)
  return () => {
    removeEventListener('online', listener)
    removeEventListener('offline', listener)
  }
}

export function OfflineNote() {
  const online = useSyncExternalStore(subscribe, () => navigator.onLine)
  return (
    <div role="status">
      {!online && (
        <p className="flex items-center justify-center gap-2 bg-warning-ground px-4 py-2 text-[0.8125rem] text-warning">
          <CloudOff className="size-4 shrink-0" aria-hidden />
          You are offline. What you see may be old, and nothing can be changed.
        </p>
      )}
    </div>
  )
}
