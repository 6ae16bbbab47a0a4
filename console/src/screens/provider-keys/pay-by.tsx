import type { InferResponseType } from 'hono/client'
import type { api } from '../../api.ts'
import { CardContent } from '../../components/card.tsx'
import { Notice } from '../../components/notice.tsx'
import { RadioChoice, RadioGroup } from '../../components/radio-group.tsx'
import { type PaymentMethod, type ProviderKey, payBy } from '../../fuel.ts'
import { balanceOf } from '../../money.ts'
import { useAct } from '../../use-act.ts'

type Payment = InferResponseType<(typeof api.api)['payment-method']['$get'], 200>

interface PayByProps {
  payment: Payment
  /** Undefined: not known yet. */
  keys: readonly ProviderKey[] | undefined
}

export function PayBy({ payment, keys }: PayByProps) {
  const change = useAct({
    act: payBy,
    changes: ['payment-method', 'models', 'usage'],
    done: ({ payment_method }) =>
      payment_method === 'byok' ? 'Your own keys pay from now on' : 'Your credits pay from now on',
  })
  // What was chosen is shown at once; the server's word follows.
  const chosen = change.pending ? change.tried : payment.payment_method
  return (
    <CardContent className="grid gap-4">
      <RadioGroup
        aria-label="What pays for your calls"
        value={chosen ?? payment.payment_method}
        onValueChange={(method) => change.run(method as PaymentMethod)}
        className="sm:grid-cols-2"
      >
        <RadioChoice
          value="credits"
          label="Credits"
          hint={`You have ${balanceOf(payment.credits)}. Every call is paid to the fraction of a cent, and none is begun that you could not pay.`}
        />
        <RadioChoice
          value="byok"
          label="Your own keys"
          hint="Providers bill you themselves. Only models of those where you have a key can be called."
        />
      </RadioGroup>
      {payment.payment_method === 'byok' && keys?.length === 0 && (
        <Notice tone="warning" title="You have no key yet">
          Until you add one below, no model answers you.
        </Notice>
      )}
    </CardContent>
  )
}
