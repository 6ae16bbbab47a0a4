import { FlaskConical } from 'lucide-react'
import { useState } from 'react'
import type { Application } from '../../applications.ts'
import { Button } from '../../components/button.tsx'
import { Dialog, DialogContent } from '../../components/dialog.tsx'
import { TestDialogBody } from './test-dialog-body.tsx'

/** A real sign-in at the application that ends in the console, to see what its server will learn. */
export function TestSignIn({ application }: { application: Application }) {
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button onClick={() => setOpen(true)}>
        <FlaskConical aria-hidden />
        Test sign-in
      </Button>
      <Dialog open={open} onOpenChange={setOpen}>
        <DialogContent
          title={`Test the sign-in of ${application.client_name}`}
          description="It goes the whole way, but comes back to the console instead of your website. What it gives ends at once."
          className="sm:max-w-xl"
        >
          <TestDialogBody application={application} onClose={() => setOpen(false)} />
        </DialogContent>
      </Dialog>
    </>
  )
}
