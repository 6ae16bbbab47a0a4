import { CircleCheck, MailWarning } from 'lucide-react'
import { updateName } from '../../account.ts'
import { Badge } from '../../components/badge.tsx'
import { Button } from '../../components/button.tsx'
import { Card, CardContent, CardFooter, CardHeader } from '../../components/card.tsx'
import { CopyText } from '../../components/copy-button.tsx'
import { DataItem, DataList } from '../../components/data-list.tsx'
import { Form, FormField } from '../../components/form-field.tsx'
import { Input } from '../../components/input.tsx'
import { useMe } from '../../me.ts'
import { useAct } from '../../use-act.ts'
import { DevelopmentInbox } from '../account/development-inbox.tsx'
import { SendAgain } from '../account/send-again.tsx'

const HERE = '/console/settings?tab=profile'

export function Profile() {
  return (
    <div className="grid gap-5">
      <NameCard />
      <AddressCard />
    </div>
  )
}

function NameCard() {
  const { user } = useMe()
  const save = useAct({ act: updateName, changes: ['me', 'members'], done: 'Your name is saved', inForm: true })
  return (
    <Card>
      <CardHeader title="Name" description="What the people you work with see, and apps that you let in." />
      <Form failure={save.failure} onSubmit={(data) => save.run(String(data.get('name')).trim())} className="gap-0">
        <CardContent>
          <FormField label="Your name" name="name">
            <Input key={user.name} defaultValue={user.name} required maxLength={100} autoComplete="name" />
          </FormField>
        </CardContent>
        <CardFooter>
          <Button type="submit" pending={save.pending}>
            Save name
          </Button>
        </CardFooter>
      </Form>
    </Card>
  )
}

function AddressCard() {
  const { user } = useMe()
  return (
    <Card>
      <CardHeader
        title="Email"
        description="You sign in with it, and approvals are asked for there. An account keeps its address."
      />
      <CardContent className="grid gap-4">
        <DataList>
          <DataItem label="Address">
            <span className="inline-flex flex-wrap items-center gap-x-2 gap-y-1">
              {user.email}
              <Verified verified={user.email_verified} />
            </span>
          </DataItem>
          <DataItem label="User id">
            <CopyText value={user.id} what="user id" />
          </DataItem>
        </DataList>
        {!user.email_verified && (
          <div className="grid max-w-md gap-3 rounded-xl border bg-muted/50 p-4">
            <p>
              Open the link that we mailed you. Until then agents that others registered for this address, and
              organizations that named you, are not yours.
            </p>
            <SendAgain email={user.email} continueAt={HERE} />
            <DevelopmentInbox email={user.email} />
          </div>
        )}
      </CardContent>
    </Card>
  )
}

function Verified({ verified }: { verified: boolean }) {
  if (verified)
    return (
      <Badge tone="success">
        <CircleCheck aria-hidden />
        Confirmed
      </Badge>
    )
  return (
    <Badge tone="warning">
      <MailWarning aria-hidden />
      Not confirmed
    </Badge>
  )
}
