import { LockedNote } from '../../components/locked-note.tsx'

export function ViewerNote() {
  return <LockedNote>You look on in this organization. Members and administrators can change this.</LockedNote>
}
