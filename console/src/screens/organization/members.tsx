import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { CardHeader } from '../../components/card.tsx'
import { ListCard } from '../../components/list-card.tsx'
import { LoadMore } from '../../components/load-more.tsx'
import { Loaded } from '../../components/loaded.tsx'
import { Table, TableBody, TableHead, TableHeader, TableRow } from '../../components/table.tsx'
import { useMe } from '../../me.ts'
import { type Member, memberName, membersQuery } from '../../members.ts'
import { type CreditedPerson, GiveCredits } from '../credits/give-credits.tsx'
import { MemberRow } from './member-row.tsx'
import { RemoveMember } from './remove-member.tsx'

export function Members() {
  const members = useInfiniteQuery(membersQuery)
  const [removing, setRemoving] = useState<Member>()
  const [giving, setGiving] = useState<CreditedPerson>()
  const { operator } = useMe()
  const give = (member: Member) => setGiving({ id: member.user_id, name: memberName(member) })
  return (
    <ListCard label="Members">
      <CardHeader title="Members" description="Who can sign in here." className="border-b pb-4" />
      <Loaded query={members}>
        {(rows) => (
          <>
            <Table label="Members">
              <TableHeader>
                <TableRow>
                  <TableHead className={operator ? 'w-[36%]' : 'w-[45%]'}>Person</TableHead>
                  <TableHead className="w-48">Role</TableHead>
                  <TableHead>Joined</TableHead>
                  <TableHead className={operator ? 'w-60' : 'w-28'}>
                    <span className="sr-only">Actions</span>
                  </TableHead>
                </TableRow>
              </TableHeader>
              <TableBody>
                {rows.map((member) => (
                  <MemberRow
                    key={member.user_id}
                    member={member}
                    onRemove={() => setRemoving(member)}
                    onGive={operator ? () => give(member) : undefined}
                  />
                ))}
              </TableBody>
            </Table>
            <LoadMore {...members} shown={rows.length} />
          </>
        )}
      </Loaded>
      <GiveCredits person={giving} onClose={() => setGiving(undefined)} />
      <RemoveMember member={removing} onClose={() => setRemoving(undefined)} />
    </ListCard>
  )
}
