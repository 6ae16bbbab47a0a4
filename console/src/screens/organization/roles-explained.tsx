import { Card, CardContent, CardHeader } from '../../components/card.tsx'
import { DataItem, DataList } from '../../components/data-list.tsx'
import { ROLES } from './roles.ts'

export function RolesExplained() {
  return (
    <Card>
      <CardHeader title="Roles" description="The one who made an organization is its first administrator." />
      <CardContent className="pt-2 sm:pt-2">
        <DataList>
          {ROLES.map(({ role, label, can }) => (
            <DataItem key={role} label={<span className="font-medium text-foreground">{label}</span>}>
              {can}
            </DataItem>
          ))}
        </DataList>
      </CardContent>
    </Card>
  )
}
