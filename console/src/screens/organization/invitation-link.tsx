import { Button } from '../../components/button.tsx'
import { CopyButton } from '../../components/copy-button.tsx'
import { Dialog, DialogBody, DialogContent, DialogFooter } from '../../components/dialog.tsx'
import { absoluteTime } from '../../components/relative-time.tsx'
import { returnFocus } from '../../components/return-focus.ts'
import { useLast } from '../../use-last.ts'
import type { MadeInvitation } from './organization.ts'

interface InvitationLinkProps {
  /** Undefined keeps the dialog closed. */
  made: MadeInvitation | undefined
  onClose: () => void
}

/** For who passes it on by other means than the mail. Closing it loses nothing: the mail is on its way. */
export function InvitationLink({ made, onClose }: InvitationLinkProps) {
  const shown = useLast(made)
  return (
    <Dialog open={made !== undefined} onOpenChange={(open) => open || onClose()}>
      <DialogContent
        title="The invitation is on its way"
        description={`We mail this link to ${shown?.email}. You can also pass it on yourself; it is shown this once.`}
        onCloseAutoFocus={returnFocus}
        className="sm:max-w-xl"
      >
        <DialogBody>
          {shown && (
            <>
              <div className="flex items-start gap-2 rounded-lg border bg-muted py-1 pr-1 pl-3">
                <code className="min-w-0 flex-1 py-1.5 font-mono text-[0.8125rem] break-all select-all">
                  {shown.link}
                </code>
                <CopyButton value={shown.link} what="invitation link" />
              </div>
              <p className="text-[0.8125rem] text-muted-foreground">
                It works once, for {shown.email} only, until {absoluteTime(shown.expires_at)}.
              </p>
            </>
          )}
        </DialogBody>
        <DialogFooter>
          <Button onClick={onClose}>Done</Button>
        </DialogFooter>
      </DialogContent>
    </Dialog>
  )
}
