import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { KeyRound, Plus } from 'lucide-react'
import { Button } from '../components/button.tsx'
import { EmptyState } from '../components/empty-state.tsx'
import { ListCard } from '../components/list-card.tsx'
import { LoadMore } from '../components/load-more.tsx'
import { Loaded } from '../components/loaded.tsx'
import { PageHeader } from '../components/page-header.tsx'
import { usePermissions } from '../me.ts'
import { apiKeysQuery } from './api-keys/api-key.ts'
import { CreateApiKey } from './api-keys/create-api-key.tsx'
import { KeyTable } from './api-keys/key-table.tsx'

const route = getRouteApi('/shell/api-keys')

/** The keys of who is signed in, in this organization: their own, and those that apps hold. */
export function ApiKeysScreen() {
  const { create } = route.useSearch()
  const navigate = route.useNavigate()
  const keys = useInfiniteQuery(apiKeysQuery)
  const { canWrite } = usePermissions()

  // The dialog has an address, so that others can lead here; opening it is no step that "back" has to undo.
  const setCreating = (open: boolean) => void navigate({ search: { create: open ? 'true' : undefined }, replace: true })
  const createButton = canWrite && (
    <Button onClick={() => setCreating(true)}>
      <Plus aria-hidden />
      Create API key
    </Button>
  )

  return (
    <>
      <PageHeader
        title="API keys"
        description="With a key a program acts as you, as far as its scopes go. Apps that you approved hold some, too."
        actions={createButton}
      />
      <ListCard label="API keys">
        <Loaded query={keys}>
          {(rows) =>
            rows.length === 0 ? (
              <EmptyState icon={KeyRound} title="No API keys yet" action={createButton}>
                {canWrite
                  ? 'With a key your scripts and servers call models on your budget, or manage your agents, without your password. Give each program a key of its own: then you can end one and keep the others.'
                  : 'You look on in this organization, and viewers make no keys. Ask an administrator to make you a member.'}
              </EmptyState>
            ) : (
              <>
                <KeyTable keys={rows} />
                <LoadMore {...keys} shown={rows.length} />
              </>
            )
          }
        </Loaded>
      </ListCard>
      {canWrite && <CreateApiKey open={create === 'true'} onOpenChange={setCreating} />}
    </>
  )
}
