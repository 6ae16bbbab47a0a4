import { useQuery } from '@tanstack/react-query'
import { MessagesSquare } from 'lucide-react'
import { Card } from '../components/card.tsx'
import { EmptyState } from '../components/empty-state.tsx'
import { Loaded } from '../components/loaded.tsx'
import { PageHeader } from '../components/page-header.tsx'
import { useMe } from '../me.ts'
import { offerQuery, talking } from '../models.ts'
import { AddModelProvider } from './models/add-provider.tsx'
import { Chat } from './playground/chat.tsx'

const DESCRIPTION = 'Talk to any model that is served here. It is paid like every other call of yours.'

/** A chat with a model, to see what it says and what that costs. */
export function PlaygroundScreen() {
  const offer = useQuery(offerQuery)
  const serving = offer.data && talking(offer.data)
  if (serving && serving.length > 0) return <Chat providers={serving} description={DESCRIPTION} />
  return (
    <>
      <PageHeader title="Playground" description={DESCRIPTION} />
      <Card>
        <Loaded query={offer}>{() => <NothingServes />}</Loaded>
      </Card>
    </>
  )
}

function NothingServes() {
  const { operator } = useMe()
  return (
    <EmptyState icon={MessagesSquare} title="No model to talk to yet" action={operator && <AddModelProvider />}>
      {operator
        ? 'Add a provider of models with your key there, or switch one on. Then you can talk to its models here.'
        : 'No model to talk to is served here now. Ask whoever runs this server to add one.'}
    </EmptyState>
  )
}
