import { useNavigate } from '@tanstack/react-router'
import { useEffect, useEffectEvent, useRef, useState } from 'react'
import { Key } from '../components/command.tsx'
import { Dialog, DialogBody, DialogContent } from '../components/dialog.tsx'
import { ChoiceField } from '../components/form-field.tsx'
import { Switch } from '../components/switch.tsx'
import { usePlaces } from './places.ts'

const KEY = 'auth-agent-shortcuts'
const SEQUENCE_MS = 1200

export const COMMAND_KEY = /Mac|iPhone|iPad/.test(navigator.userAgent) ? '⌘' : 'Ctrl'

interface ShortcutActs {
  openPalette: () => void
  openHelp: () => void
}

/** Ctrl-K anywhere; `?` and `g` with a letter while nothing is typed, unless they are switched off. */
export function useShortcuts({ openPalette, openHelp }: ShortcutActs): void {
  const navigate = useNavigate()
  const places = usePlaces()
  const goPressedAt = useRef(0)

  const press = useEffectEvent((event: KeyboardEvent) => {
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
      event.preventDefault()
      openPalette()
      return
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isElsewhere(event.target) || !singleKeysOn()) return
    if (event.key === '?') openHelp()
    const going = event.timeStamp - goPressedAt.current < SEQUENCE_MS
    goPressedAt.current = event.key === 'g' ? event.timeStamp : Number.NEGATIVE_INFINITY
    const place = going ? places.find(({ key }) => key === event.key) : undefined
    if (place) void navigate({ to: place.to })
  })

  useEffect(() => {
    const listener = (event: KeyboardEvent) => press(event)
    addEventListener('keydown', listener)
    return () => removeEventListener('keydown', listener)
  }, [])
}

/** Where letters are letters: in a field, in a menu that finds by them, in an open dialog. */
function isElsewhere(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    target.closest(
      'input, textarea, select, [contenteditable], [role="dialog"], [role="alertdialog"], [role="menu"]',
    ) !== null
  )
}

/** Single keys disturb who speaks to the computer: they can be switched off (WCAG 2.2, 2.1.4). */
function singleKeysOn(): boolean {
  return localStorage.getItem(KEY) !== 'off'
}

interface ShortcutHelpProps {
  open: boolean
  onOpenChange: (open: boolean) => void
}

export function ShortcutHelp({ open, onOpenChange }: ShortcutHelpProps) {
  const places = usePlaces()
  return (
    <Dialog open={open} onOpenChange={onOpenChange}>
      <DialogContent title="Keyboard shortcuts" className="sm:max-w-md">
        <DialogBody>
          <dl className="grid gap-x-8 sm:grid-cols-2">
            <Shortcut keys={[COMMAND_KEY, 'K']} label="Search" />
            <Shortcut keys={['?']} label="This list" />
            {places.map(({ key, label }) => (
              <Shortcut key={key} keys={['G', key.toUpperCase()]} label={label} />
            ))}
          </dl>
          <SingleKeys />
        </DialogBody>
      </DialogContent>
    </Dialog>
  )
}

function Shortcut({ keys, label }: { keys: readonly string[]; label: string }) {
  return (
    <div className="flex items-center justify-between gap-3 border-b py-2">
      <dt>{label}</dt>
      <dd className="flex gap-1">
        {keys.map((key) => (
          <Key key={key}>{key}</Key>
        ))}
      </dd>
    </div>
  )
}

function SingleKeys() {
  const [on, setOn] = useState(singleKeysOn)
  const change = (checked: boolean) => {
    setOn(checked)
    if (checked) localStorage.removeItem(KEY)
    else localStorage.setItem(KEY, 'off')
  }
  return (
    <ChoiceField label="Single-key shortcuts" hint="Switch them off if you dictate, or if they get in your way.">
      <Switch checked={on} onCheckedChange={change} />
    </ChoiceField>
  )
}
