import { useQuery } from '@tanstack/react-query'
import { KeyRound } from 'lucide-react'
import { Card, CardHeader } from '../components/card.tsx'
import { EmptyState } from '../components/empty-state.tsx'
import { ListCard } from '../components/list-card.tsx'
import { Loaded } from '../components/loaded.tsx'
import { PageHeader } from '../components/page-header.tsx'
import { paymentQuery, providerKeysQuery } from '../fuel.ts'
import { useMe } from '../me.ts'
import { offerQuery } from '../models.ts'
import { AddModelProvider } from './models/add-provider.tsx'
import { keyPlaces } from './provider-keys/key-places.ts'
import { KeyTable } from './provider-keys/key-table.tsx'
import { PayBy } from './provider-keys/pay-by.tsx'

/** A person's own keys at providers of models, and whether these or credits pay. */
export function ProviderKeysScreen() {
  const payment = useQuery(paymentQuery)
  const offer = useQuery(offerQuery)
  const keys = useQuery(providerKeysQuery)
  return (
    <>
      <PageHeader
        title="Provider keys"
        description="Pay providers of models yourself, with your own keys: in every organization that you are in, and for nobody else."
      />
      <div className="grid gap-5">
        <Card>
          <CardHeader title="What pays for your calls" description="One never stands in for the other." />
          <Loaded query={payment}>{(data) => <PayBy payment={data} keys={keys.data} />}</Loaded>
        </Card>
        <ListCard label="Your keys">
          <CardHeader
            title="Your keys"
            description="Kept encrypted, used for your calls only, and never shown again: to anybody, you included."
            className="pb-4"
          />
          <Loaded query={offer}>
            {(providers) => (
              <Loaded query={keys}>
                {(own) => {
                  const places = keyPlaces(providers, own)
                  return places.length === 0 ? <Nowhere /> : <KeyTable places={places} />
                }}
              </Loaded>
            )}
          </Loaded>
        </ListCard>
      </div>
    </>
  )
}

function Nowhere() {
  const { operator } = useMe()
  return (
    <EmptyState icon={KeyRound} title="No provider to have a key at" action={operator && <AddModelProvider />}>
      {operator
        ? 'Add a provider of models, with a key or without: then everybody can give a key of their own for it here.'
        : 'As soon as whoever runs this server adds a provider of models, it is listed here, and you can give your own key for it.'}
    </EmptyState>
  )
}
