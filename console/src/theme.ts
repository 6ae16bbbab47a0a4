import { useSyncExternalStore } from 'react'

export type Theme = 'light' | 'dark' | 'system'

// index.html reads it before the first paint.
const KEY = 'auth-agent-theme'
const systemDark = matchMedia('(prefers-color-scheme: dark)')
const listeners = new Set<() => void>()

export function chosenTheme(): Theme {
  const chosen = localStorage.getItem(KEY)
  return chosen === 'light' || chosen === 'dark' ? chosen : 'system'
}

export function chooseTheme(theme: Theme): void {
  if (theme === 'system') localStorage.removeItem(KEY)
  else localStorage.setItem(KEY, theme)
  applyTheme()
}

function applyTheme(): void {
  const theme = chosenTheme()
  document.documentElement.classList.toggle('dark', theme === 'dark' || (theme === 'system' && systemDark.matches))
  for (const listener of listeners) listener()
}

/** Follows the system and the choice made in another tab. */
export function followTheme(): void {
  systemDark.addEventListener('change', applyTheme)
  addEventListener('storage', ({ key }) => key === KEY && applyTheme())
}

export function useTheme(): Theme {
  return useSyncExternalStore((listener) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }, chosenTheme)
}
