import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Cpu, Plus } from 'lucide-react'
import { Button } from '../components/button.tsx'
import { EmptyState } from '../components/empty-state.tsx'
import { ListCard } from '../components/list-card.tsx'
import { Loaded } from '../components/loaded.tsx'
import { PageHeader } from '../components/page-header.tsx'
import { useMe } from '../me.ts'
import { offerQuery } from '../models.ts'
import { ModelProviderSheet, NEW } from './models/provider-sheet.tsx'
import { ProviderTable } from './models/provider-table.tsx'

const route = getRouteApi('/shell/models')

/** Who serves models, and how they are: for everybody to see, and for whoever runs the server to change. */
export function ModelsScreen() {
  const { operator } = useMe()
  const { provider } = route.useSearch()
  const navigate = route.useNavigate()
  const offer = useQuery(offerQuery)
  const open = (id: string | undefined) =>
    void navigate({ search: { provider: id }, replace: true, resetScroll: false })
  const addButton = operator && (
    <Button onClick={() => open(NEW)}>
      <Plus aria-hidden />
      Add provider
    </Button>
  )
  return (
    <>
      <PageHeader
        title="Models"
        description="Who serves models here, and how they are. A provider that keeps failing is left alone for a while, then tried again."
        actions={
          <>
            <Button variant="outline" asChild>
              <Link to="/playground">Playground</Link>
            </Button>
            {addButton}
          </>
        }
      />
      <ListCard label="Providers of models">
        <Loaded query={offer}>
          {(providers) =>
            providers.length === 0 ? (
              <EmptyState icon={Cpu} title="No provider of models yet" action={addButton}>
                {operator
                  ? 'Add one with your key there: your people, their agents and their programs call its models through this server, each on a budget of their own, and nobody sees the key.'
                  : 'Whoever runs this server adds providers. Then you call their models with your credits, or with your own keys.'}
              </EmptyState>
            ) : (
              <ProviderTable providers={providers} onChange={operator ? open : undefined} />
            )
          }
        </Loaded>
      </ListCard>
      {operator && <ModelProviderSheet at={provider} onClose={() => open(undefined)} />}
    </>
  )
}
