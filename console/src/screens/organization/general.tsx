import { useQuery } from '@tanstack/react-query'
import { Button } from '../../components/button.tsx'
import { Card, CardContent, CardHeader } from '../../components/card.tsx'
import { CopyText } from '../../components/copy-button.tsx'
import { DataItem, DataList } from '../../components/data-list.tsx'
import { Form, FormField } from '../../components/form-field.tsx'
import { Input } from '../../components/input.tsx'
import { Loaded } from '../../components/loaded.tsx'
import { absoluteTime } from '../../components/relative-time.tsx'
import { Skeleton } from '../../components/skeleton.tsx'
import { usePermissions } from '../../me.ts'
import { useAct } from '../../use-act.ts'
import { organizationQuery, renameOrganization } from './organization.ts'

export function General() {
  const organization = useQuery(organizationQuery)
  const { isAdmin } = usePermissions()
  return (
    <Card>
      <CardHeader title="General" />
      <CardContent className="grid gap-4">
        <Loaded query={organization} skeleton={<Waiting />}>
          {({ id, name, created_at }) => (
            <>
              {isAdmin && <NameForm key={id} name={name} />}
              <DataList>
                {!isAdmin && <DataItem label="Name">{name}</DataItem>}
                <DataItem label="Organization id">
                  <CopyText value={id} what="organization id" />
                </DataItem>
                <DataItem label="Made">{absoluteTime(created_at)}</DataItem>
              </DataList>
            </>
          )}
        </Loaded>
      </CardContent>
    </Card>
  )
}

function NameForm({ name }: { name: string }) {
  const rename = useAct({
    act: renameOrganization,
    changes: ['organization', 'me'],
    done: 'The organization is renamed',
    inForm: true,
  })
  return (
    <Form failure={rename.failure} onSubmit={(data) => rename.run(String(data.get('name')).trim())}>
      <FormField label="Name" name="name" hint="Shown to who is invited, and wherever an agent asks for approval.">
        {(control) => (
          <div className="flex max-w-xl gap-2">
            <Input {...control} key={name} defaultValue={name} required maxLength={100} autoComplete="organization" />
            <Button type="submit" variant="outline" pending={rename.pending}>
              Rename
            </Button>
          </div>
        )}
      </FormField>
    </Form>
  )
}

function Waiting() {
  return (
    <div role="status" className="grid gap-3">
      <span className="sr-only">Loading the organization</span>
      <Skeleton className="h-9 max-w-xl" />
      <Skeleton className="h-4 w-72 max-w-full" />
      <Skeleton className="h-4 w-56" />
    </div>
  )
}
