import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { CircleCheck, CircleDashed } from 'lucide-react'
import { FormField } from '../../components/form-field.tsx'
import { Input, Textarea } from '../../components/input.tsx'
import { Notice } from '../../components/notice.tsx'
import { Select, SelectContent, SelectItem, SelectTrigger, SelectValue } from '../../components/select.tsx'
import { paymentQuery } from '../../fuel.ts'
import { KIND_LABELS, type OfferedModels } from '../../models.ts'
import { balanceOf } from '../../money.ts'
import { MoreCredits } from '../credits/more-credits.tsx'
import type { Chosen, Settings } from './settings.ts'

interface SettingsPanelProps {
  providers: readonly OfferedModels[]
  settings: Settings
  chosen: Chosen
  onChange: (part: Partial<Settings>) => void
}

export function SettingsPanel({ providers, settings, chosen, onChange }: SettingsPanelProps) {
  return (
    <div className="grid gap-5">
      <FormField label="Provider">
        {(control) => (
          <Select value={chosen.provider.id} onValueChange={(provider) => onChange({ provider })}>
            <SelectTrigger {...control}>
              <SelectValue />
            </SelectTrigger>
            <SelectContent>
              {providers.map(({ id, kind }) => (
                <SelectItem key={id} value={id} description={KIND_LABELS[kind]}>
                  {id}
                </SelectItem>
              ))}
            </SelectContent>
          </Select>
        )}
      </FormField>
      <Credentials provider={chosen.provider} />
      <FormField label="System prompt" optional>
        <Textarea
          value={settings.system}
          onChange={({ target }) => onChange({ system: target.value })}
          placeholder="You are a helpful assistant."
          className="max-h-60"
        />
      </FormField>
      <div className="grid grid-cols-2 items-start gap-3">
        <FormField label="Temperature">
          <Input
            type="number"
            min={0}
            max={2}
            step={0.1}
            inputMode="decimal"
            value={settings.temperature}
            onChange={({ target }) => onChange({ temperature: target.value })}
            placeholder="usual"
          />
        </FormField>
        <FormField label="Max tokens">
          <Input
            type="number"
            min={1}
            step={1}
            inputMode="numeric"
            value={settings.maxTokens}
            onChange={({ target }) => onChange({ maxTokens: target.value })}
            placeholder="usual"
          />
        </FormField>
      </div>
    </div>
  )
}

/** Whether there are keys, and which of them pays. What they are nobody is told. */
function Credentials({ provider }: { provider: OfferedModels }) {
  const payment = useQuery(paymentQuery).data
  const ownPays = payment?.payment_method === 'byok'
  return (
    <section aria-label="Credentials" className="grid gap-2">
      <h3 className="leading-snug font-medium">Credentials</h3>
      <ul className="grid gap-1.5 text-[0.8125rem]">
        <Credential label="The server’s key" isThere={provider.has_platform_key} />
        <Credential label="Your own key" isThere={provider.has_own_key} />
      </ul>
      {payment && (
        <p className="text-[0.8125rem] text-muted-foreground">
          {ownPays ? 'Your own keys pay.' : `Your credits pay: ${balanceOf(payment.credits)}.`}{' '}
          <Link to="/provider-keys" className="link">
            Change
          </Link>
        </p>
      )}
      {ownPays && !provider.has_own_key && (
        <Notice tone="warning" title="No key of yours here" className="px-3.5 sm:px-3.5">
          Add one, or let your credits pay.
        </Notice>
      )}
      {payment && !ownPays && payment.credits <= 0 && (
        <Notice tone="warning" title="No credits left" className="px-3.5 sm:px-3.5">
          <MoreCredits />, or pay by your own keys.
        </Notice>
      )}
    </section>
  )
}

function Credential({ label, isThere }: { label: string; isThere: boolean }) {
  const Icon = isThere ? CircleCheck : CircleDashed
  return (
    <li className="flex items-center gap-2">
      <Icon className={isThere ? 'size-4 text-success' : 'size-4 text-muted-foreground'} aria-hidden />
      {label}
      <span className="ml-auto text-muted-foreground">{isThere ? 'configured' : 'none'}</span>
    </li>
  )
}
