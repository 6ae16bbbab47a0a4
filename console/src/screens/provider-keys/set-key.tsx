import { Button } from '../../components/button.tsx'
import { Dialog, DialogBody, DialogContent, DialogFooter } from '../../components/dialog.tsx'
import { Form, FormField } from '../../components/form-field.tsx'
import { PasswordInput } from '../../components/input.tsx'
import { setProviderKey } from '../../fuel.ts'
import { useAct } from '../../use-act.ts'
import { useLast } from '../../use-last.ts'
import type { KeyPlace } from './key-places.ts'

interface SetKeyProps {
  /** Undefined keeps the dialog closed. */
  place: KeyPlace | undefined
  onClose: () => void
}

/** Takes a key in. None comes out again. */
export function SetKey({ place, onClose }: SetKeyProps) {
  const at = useLast(place)
  const id = at?.id ?? ''
  const set = useAct({
    act: (key: string) => setProviderKey(id, key),
    changes: ['provider-keys', 'models'],
    done: `Your key at ${id} is kept`,
    inForm: true,
    onDone: onClose,
  })
  const close = () => {
    set.reset()
    onClose()
  }
  return (
    <Dialog open={place !== undefined} onOpenChange={(open) => open || close()}>
      <DialogContent
        title={at?.key ? `Replace your key at ${id}` : `Your key at ${id}`}
        description="Make one at the provider for this server alone: then you can end it there without ending others."
      >
        <Form
          failure={set.failure}
          onSubmit={(data) => set.run(String(data.get('api_key')).trim())}
          className="flex min-h-0 flex-col gap-0"
        >
          <DialogBody>
            <FormField label="API key" name="api_key" hint="Kept encrypted, and never shown again.">
              <PasswordInput
                what="key"
                required
                autoFocus
                maxLength={4096}
                autoComplete="off"
                spellCheck={false}
                className="font-mono"
              />
            </FormField>
          </DialogBody>
          <DialogFooter>
            <Button type="submit" pending={set.pending}>
              {at?.key ? 'Replace key' : 'Add key'}
            </Button>
          </DialogFooter>
        </Form>
      </DialogContent>
    </Dialog>
  )
}
