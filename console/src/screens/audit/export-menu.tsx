import { Download } from 'lucide-react'
import { Button } from '../../components/button.tsx'
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuLabel,
  DropdownMenuTrigger,
} from '../../components/dropdown-menu.tsx'
import { saveFile } from '../../save-file.ts'
import { useAct } from '../../use-act.ts'
import { type AuditFilter, exportLog, type Format } from './audit-log.ts'
import { countOf } from './filters.tsx'

/** Fetched, not linked to: a session that ended, or a connection that broke, would else be saved as the file. */
export function ExportMenu({ filter }: { filter: AuditFilter }) {
  const fetchFile = useAct({
    act: (format: Format) => exportLog(format, filter),
    done: (_, format) => `The log was saved as ${format.toUpperCase()}`,
    onDone: (file, format) => saveFile(file, `audit-log-${new Date().toISOString().slice(0, 10)}.${format}`),
  })
  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <Button variant="outline" pending={fetchFile.pending}>
          <Download aria-hidden />
          Export
        </Button>
      </DropdownMenuTrigger>
      <DropdownMenuContent align="end">
        <DropdownMenuLabel>
          {countOf(filter) > 0 ? 'All events that the filters let through' : 'All events'}
        </DropdownMenuLabel>
        <DropdownMenuItem onSelect={() => fetchFile.run('csv')}>CSV, for a spreadsheet</DropdownMenuItem>
        <DropdownMenuItem onSelect={() => fetchFile.run('json')}>JSON, for a program</DropdownMenuItem>
      </DropdownMenuContent>
    </DropdownMenu>
  )
}
