import { useQuery } from '@tanstack/react-query'
import { FlaskConical } from 'lucide-react'
import { providersQuery } from '../../account.ts'
import { CopyText } from '../../components/copy-button.tsx'

/** On a server without mail: where the message went. */
export function DevelopmentInbox({ email }: { email: string }) {
  const { data } = useQuery(providersQuery)
  if (!data?.development_inbox) return null
  const address = `${location.origin}/api/admin/dev-inbox?to=${encodeURIComponent(email)}`
  return (
    <div className="grid gap-1 rounded-lg bg-info-ground px-3 py-2.5 text-[0.8125rem] text-info">
      <p className="flex gap-2">
        <FlaskConical className="mt-0.5 size-4 shrink-0" aria-hidden />
        This server sends no mail. Read the message in its development inbox, with the admin key:
      </p>
      <div className="pl-6">
        <CopyText value={address} what="address of the inbox" />
      </div>
    </div>
  )
}
