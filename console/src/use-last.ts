import { useState } from 'react'

/** What was there last: for a dialog that closes when it is gone, and must not lose its words while it does. */
export function useLast<T>(value: T | undefined): T | undefined {
  const [last, setLast] = useState(value)
  if (value !== undefined && value !== last) setLast(value)
  return value ?? last
}
