import { LockedNote } from '../../components/locked-note.tsx'

export function NotYours({ owner }: { owner: string }) {
  return <LockedNote>Only {owner} and administrators can change this.</LockedNote>
}
