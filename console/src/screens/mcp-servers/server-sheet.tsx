import { useState } from 'react'
import { Sheet, SheetContent } from '../../components/sheet.tsx'
import type { McpServer } from '../../mcp-servers.ts'
import { McpServerForm } from './server-form.tsx'

/** In the address, in the place of an id: no server has that one. */
export const NEW = 'new'

interface McpServerSheetProps {
  /** Of the address: a server's id, or `NEW`. */
  at: string | undefined
  server: McpServer | undefined
  onClose: () => void
}

export function McpServerSheet({ at, server, onClose }: McpServerSheetProps) {
  const [changed, setChanged] = useState(false)
  const close = () => {
    setChanged(false)
    onClose()
  }
  const isOpen = at === NEW || server !== undefined
  return (
    <Sheet open={isOpen} onOpenChange={(opened) => opened || close()}>
      {isOpen && (
        <SheetContent
          key={at}
          title={server ? `Change ${server.name}` : 'Add an MCP server'}
          description={
            server
              ? 'Secrets that you leave empty stay as they are.'
              : 'Give its address; test and authorize it afterwards.'
          }
          className="scroll-pb-24"
          // What was typed does not go by a click beside it.
          onInteractOutside={(event) => changed && event.preventDefault()}
          onInput={() => setChanged(true)}
        >
          <McpServerForm server={server} onDone={close} />
        </SheetContent>
      )}
    </Sheet>
  )
}
