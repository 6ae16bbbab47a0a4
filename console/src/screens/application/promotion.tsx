import { useState } from 'react'
import type { Application } from '../../applications.ts'
import { Button } from '../../components/button.tsx'
import { Card, CardContent, CardFooter, CardHeader } from '../../components/card.tsx'
import { Form, FormField } from '../../components/form-field.tsx'
import { Input, Textarea } from '../../components/input.tsx'
import { centsOf, type PromotionSettings, setPromotion } from '../../credits.ts'
import { useMe } from '../../me.ts'
import { balanceOf } from '../../money.ts'
import { useAct } from '../../use-act.ts'

const DAY_S = 86_400

/** What the app gives its new users: for whoever runs the server to say, who pays for it. */
export function Promotion({ application }: { application: Application }) {
  const { operator } = useMe()
  const gives = application.subjects.includes('user') && application.access_token_format === 'api_key'
  if (!gives || !(operator || application.promotional_credits > 0)) return null
  return (
    <Card className="max-w-3xl">
      <CardHeader
        title="Credits for new users"
        description="Given once to each person who lets the app in, and spent before what they paid for."
      />
      {operator ? <PromotionForm application={application} /> : <PromotionWords application={application} />}
    </Card>
  )
}

function PromotionWords({ application }: { application: Application }) {
  const { promotional_credits, promotional_credits_expire_in: expireIn, promotional_excluded_models } = application
  const ends = expireIn === null ? 'They do not end.' : `They end after ${wordsOf(expireIn)}.`
  const not =
    promotional_excluded_models.length > 0 && ` They do not pay for ${promotional_excluded_models.join(', ')}.`
  return (
    <CardContent>
      <p>
        {balanceOf(promotional_credits)} for each. {ends}
        {not} Whoever runs this server decides on that.
      </p>
    </CardContent>
  )
}

const wordsOf = (seconds: number) =>
  seconds % DAY_S === 0 ? `${(seconds / DAY_S).toLocaleString('en')} days` : `${(seconds / 3600).toFixed(1)} hours`

interface Typed {
  dollars: string
  days: string
  excluded: string
}

const typedOf = (application: Application): Typed => ({
  dollars: (application.promotional_credits / 100).toFixed(2),
  days:
    application.promotional_credits_expire_in === null ? '' : String(application.promotional_credits_expire_in / DAY_S),
  excluded: application.promotional_excluded_models.join('\n'),
})

const settingsOf = ({ dollars, days, excluded }: Typed): PromotionSettings => ({
  promotional_credits: centsOf(dollars),
  promotional_credits_expire_in: days.trim() === '' ? null : Math.round(Number(days) * DAY_S),
  promotional_excluded_models: excluded.split(/[\s,]+/).filter(Boolean),
})

function PromotionForm({ application }: { application: Application }) {
  const [typed, setTyped] = useState(() => typedOf(application))
  const [isTried, setTried] = useState(false)
  const save = useAct({
    act: (settings: PromotionSettings) => setPromotion(application.client_id, settings),
    changes: ['applications'],
    done: 'Saved. It holds for whoever comes from now on',
    onDone: (latest) => setTyped(typedOf(latest)),
    inForm: true,
  })
  const settings = settingsOf(typed)
  const faults = faultsOf(settings)
  const submit = () => {
    setTried(true)
    if (Object.keys(faults).length === 0) save.run(settings)
  }
  const faultOf = (name: keyof PromotionSettings) => (isTried ? faults[name] : undefined) ?? told(save.failure, name)
  const field = (name: keyof Typed) => ({
    value: typed[name],
    onChange: (event: { target: { value: string } }) => setTyped({ ...typed, [name]: event.target.value }),
    autoComplete: 'off',
  })
  return (
    <Form failure={save.failure} onSubmit={submit} className="gap-0">
      <CardContent className="grid gap-5 sm:grid-cols-2">
        <FormField
          label="Dollars for each"
          name="promotional_credits"
          error={faultOf('promotional_credits')}
          hint="0 gives nothing."
        >
          <Input {...field('dollars')} inputMode="decimal" required />
        </FormField>
        <FormField
          label="Days until they end"
          name="promotional_credits_expire_in"
          optional
          error={faultOf('promotional_credits_expire_in')}
          hint="Empty: they do not end."
        >
          <Input {...field('days')} inputMode="decimal" />
        </FormField>
        <FormField
          label="Models that they do not pay for"
          name="promotional_excluded_models"
          optional
          className="sm:col-span-2"
          error={faultOf('promotional_excluded_models')}
          hint="One a line: openai/o3-pro, or o3-pro wherever it is. A * at the end stands for the rest."
        >
          <Textarea {...field('excluded')} spellCheck={false} className="font-mono text-[0.8125rem]" />
        </FormField>
      </CardContent>
      <CardFooter className="rounded-b-xl">
        <p className="mr-auto text-[0.8125rem] text-muted-foreground">What was given stays as it was given.</p>
        <Button type="submit" pending={save.pending}>
          Save credits
        </Button>
      </CardFooter>
    </Form>
  )
}

/** What is no number can not even be sent. */
function faultsOf({ promotional_credits, promotional_credits_expire_in: expireIn }: PromotionSettings) {
  return {
    ...(Number.isNaN(promotional_credits) && { promotional_credits: 'must be an amount such as 5 or 5.50' }),
    ...(expireIn !== null && !(expireIn > 0) && { promotional_credits_expire_in: 'must be a number of days' }),
  } as Partial<Record<keyof PromotionSettings, string>>
}

/** Of the field, or of any of its lines. */
function told(failure: { fields: Record<string, string> } | undefined, name: string): string | undefined {
  const [field, fault] = Object.entries(failure?.fields ?? {}).find(([of]) => of.split('.')[0] === name) ?? []
  const line = field?.split('.')[1]
  return line === undefined ? fault : `Line ${Number(line) + 1} ${fault}`
}
