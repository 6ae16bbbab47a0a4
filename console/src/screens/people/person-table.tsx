import { useState } from 'react'
import { Table, TableBody, TableHead, TableHeader, TableRow } from '../../components/table.tsx'
import { memberName } from '../../members.ts'
import type { Person } from '../../people.ts'
import { type CreditedPerson, GiveCredits } from '../credits/give-credits.tsx'
import { DisablePerson } from './disable-person.tsx'
import { PersonRow } from './person-row.tsx'

export function PersonTable({ people }: { people: readonly Person[] }) {
  const [giving, setGiving] = useState<CreditedPerson>()
  const [disabling, setDisabling] = useState<Person>()
  return (
    <>
      <Table label="People">
        <TableHeader>
          <TableRow>
            <TableHead className="w-[33%]">Person</TableHead>
            <TableHead>Organizations</TableHead>
            <TableHead className="w-28">Since</TableHead>
            <TableHead className="w-24 sm:text-right">Credits</TableHead>
            <TableHead className="w-28 sm:text-right">Spent, 30 days</TableHead>
            <TableHead className="w-16">
              <span className="sr-only">Actions</span>
            </TableHead>
          </TableRow>
        </TableHeader>
        <TableBody>
          {people.map((person) => (
            <PersonRow
              key={person.id}
              person={person}
              onGive={() => setGiving({ id: person.id, name: memberName(person) })}
              onDisable={() => setDisabling(person)}
            />
          ))}
        </TableBody>
      </Table>
      <GiveCredits person={giving} onClose={() => setGiving(undefined)} />
      <DisablePerson person={disabling} onClose={() => setDisabling(undefined)} />
    </>
  )
}
