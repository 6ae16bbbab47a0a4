import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Blocks, Plus, SearchX } from 'lucide-react'
import { Button } from '../components/button.tsx'
import { Card } from '../components/card.tsx'
import { EmptyState } from '../components/empty-state.tsx'
import { Loaded } from '../components/loaded.tsx'
import { PageHeader } from '../components/page-header.tsx'
import { SearchField } from '../components/search-field.tsx'
import { useMe } from '../me.ts'
import { catalogueQuery, type Provider } from '../providers.ts'
import { Catalogue, KeyProviders } from './providers/catalogue.tsx'
import { OWN, ProviderSheet } from './providers/provider-sheet.tsx'
import { SetUpProviders } from './providers/set-up-providers.tsx'

const DESCRIPTION = 'Where accounts can be connected. Each needs a client of yours, registered there once.'

export function ProvidersScreen() {
  const { operator } = useMe()
  return operator ? <AllProviders /> : <NotForYou />
}

function NotForYou() {
  return (
    <>
      <PageHeader title="Providers" description={DESCRIPTION} />
      <Card>
        <EmptyState icon={Blocks} title="For whoever runs this server">
          Only administrators of the organization that this server belongs to set up providers. What is set up already,
          you find when you connect an account.
        </EmptyState>
      </Card>
    </>
  )
}

const route = getRouteApi('/shell/providers')

function AllProviders() {
  const { search = '', provider } = route.useSearch()
  const navigate = route.useNavigate()
  const catalogue = useQuery(catalogueQuery)
  const setSearch = (text: string) =>
    void navigate({ search: (before) => ({ ...before, search: text || undefined }), replace: true, resetScroll: false })
  const open = (name: string | undefined) =>
    void navigate({ search: (before) => ({ ...before, provider: name }), replace: true, resetScroll: false })
  return (
    <>
      <PageHeader
        title="Providers"
        description={DESCRIPTION}
        actions={
          <Button onClick={() => open(OWN)}>
            <Plus aria-hidden />
            One of your own
          </Button>
        }
      />
      <SearchField label="Search providers" value={search} onChange={setSearch} className="mb-4 sm:max-w-xs" />
      <Loaded query={catalogue}>
        {(all) => (
          <>
            <Found providers={all.filter((each) => isAbout(each, search))} search={search} onOpen={open} />
            <ProviderSheet
              at={provider}
              provider={all.find(({ name }) => name === provider)}
              onClose={() => open(undefined)}
            />
          </>
        )}
      </Loaded>
    </>
  )
}

interface FoundProps {
  providers: readonly Provider[]
  search: string
  onOpen: (name: string) => void
}

function Found({ providers, search, onOpen }: FoundProps) {
  const isSearched = search.trim() !== ''
  const oauth = providers.filter(({ kind }) => kind === 'oauth2')
  if (providers.length === 0)
    return (
      <Card>
        <EmptyState
          icon={SearchX}
          title="Not in the catalogue"
          action={
            <Button variant="outline" onClick={() => onOpen(OWN)}>
              Add one of your own
            </Button>
          }
        >
          Any provider that speaks OAuth 2.0 or OpenID Connect can be added by its addresses.
        </EmptyState>
      </Card>
    )
  return (
    <div className="grid gap-4">
      <p role="status" className="sr-only">
        {isSearched ? `${providers.length} found` : ''}
      </p>
      <SetUpProviders
        providers={oauth.filter(({ configured }) => configured)}
        isSearched={isSearched}
        onOpen={onOpen}
      />
      <Catalogue providers={oauth.filter(({ configured }) => !configured)} onOpen={onOpen} />
      <KeyProviders providers={providers.filter(({ kind }) => kind === 'api_key')} />
    </div>
  )
}

function isAbout({ name, label }: Provider, search: string): boolean {
  return `${name} ${label}`.toLowerCase().includes(search.trim().toLowerCase())
}
