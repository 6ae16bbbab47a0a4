import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { redirectUriQuery } from '../../applications.ts'

export type UriCheck = { state: 'unknown' | 'checking' | 'fine' } | { state: 'wrong'; words: string }

const PAUSE_MS = 300

/**
 * Asks the server about an address once typing pauses. While it goes on nothing is asked, and a question under way, whose
 * answer would be of another address, is given up: it loses its only observer.
 */
export function useUriCheck(uri: string): UriCheck {
  const settled = useSettled(uri)
  const asked = settled === uri ? uri : ''
  const { data, isFetching } = useQuery({ ...redirectUriQuery(asked), enabled: asked !== '' })

  if (uri === '') return { state: 'unknown' }
  if (asked === '' || isFetching) return { state: 'checking' }
  // It could not be asked: registering will tell.
  if (!data) return { state: 'unknown' }
  return data.valid ? { state: 'fine' } : { state: 'wrong', words: data.reason ?? 'cannot be registered' }
}

/** A value once it has not changed for a moment. */
function useSettled(value: string): string {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), PAUSE_MS)
    return () => clearTimeout(timer)
  }, [value])
  return settled
}
