import { TriangleAlert } from 'lucide-react'
import { type ReactNode, useEffect, useState } from 'react'
import { Button } from './button.tsx'
import { Checkbox } from './checkbox.tsx'
import { CopyButton } from './copy-button.tsx'
import { Dialog, DialogBody, DialogContent, DialogFooter } from './dialog.tsx'
import { ChoiceField } from './form-field.tsx'
import { returnFocus } from './return-focus.ts'

export interface Secret {
  label: string
  value: string
}

interface SecretOnceProps {
  title: string
  description?: ReactNode
  /** What is shown; undefined keeps the dialog closed. Ids that go with the secret may stand here too. */
  secrets: readonly Secret[] | undefined
  onClose: () => void
  /** How to use it, such as a `CodeBlock`. */
  children?: ReactNode
}

/** The only time that a secret can be seen: closes when its reader says that it is saved. */
export function SecretOnce({ title, description, secrets, onClose, children }: SecretOnceProps) {
  return (
    <Dialog open={secrets !== undefined}>
      <DialogContent
        title={title}
        description={description ?? 'It is shown this once. We keep a hash of it and cannot show it again.'}
        closable={false}
        onEscapeKeyDown={(event) => event.preventDefault()}
        onInteractOutside={(event) => event.preventDefault()}
        onCloseAutoFocus={returnFocus}
        className="sm:max-w-xl"
      >
        {secrets && (
          <Secrets secrets={secrets} onClose={onClose}>
            {children}
          </Secrets>
        )}
      </DialogContent>
    </Dialog>
  )
}

interface SecretsProps {
  secrets: readonly Secret[]
  onClose: () => void
  children?: ReactNode
}

function Secrets({ secrets, onClose, children }: SecretsProps) {
  const [saved, setSaved] = useState(false)
  useEffect(() => {
    if (saved) return
    const warn = (event: BeforeUnloadEvent) => event.preventDefault()
    addEventListener('beforeunload', warn)
    return () => removeEventListener('beforeunload', warn)
  }, [saved])

  return (
    <>
      <DialogBody>
        <dl className="grid gap-3">
          {secrets.map(({ label, value }) => (
            <div key={label} className="grid gap-1">
              <dt className="text-sm font-medium">{label}</dt>
              <dd className="flex items-start gap-2 rounded-lg border bg-muted py-1 pr-1 pl-3">
                <code className="min-w-0 flex-1 py-1.5 font-mono text-[0.8125rem] break-all select-all">{value}</code>
                <CopyButton value={value} what={label.toLowerCase()} />
              </dd>
            </div>
          ))}
        </dl>
        {children}
        <p className="flex gap-2 rounded-lg bg-warning-ground px-3 py-2.5 text-[0.8125rem] text-warning">
          <TriangleAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
          Keep it where only your program reads it: an environment variable or a secret store, never the source.
        </p>
      </DialogBody>
      <DialogFooter className="flex-col gap-3.5 sm:items-center sm:justify-between">
        <ChoiceField label="I saved it in a safe place">
          <Checkbox checked={saved} onCheckedChange={(checked) => setSaved(checked === true)} />
        </ChoiceField>
        <Button disabled={!saved} onClick={onClose}>
          Done
        </Button>
      </DialogFooter>
    </>
  )
}
