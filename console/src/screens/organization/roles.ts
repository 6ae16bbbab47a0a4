import type { Role } from '../../me.ts'

export interface RoleWords {
  role: Role
  label: string
  /** What one can do with it, in a sentence. */
  can: string
}

/** From the most that one can do to the least. */
export const ROLES: readonly RoleWords[] = [
  {
    role: 'admin',
    label: 'Administrator',
    can: 'Does everything: all agents and applications, members and invitations, and approvals for everybody.',
  },
  {
    role: 'member',
    label: 'Member',
    can: 'Registers and changes their own agents, works with the applications, makes API keys of their own.',
  },
  { role: 'viewer', label: 'Viewer', can: 'Sees what is going on, and changes nothing.' },
]

/** "an administrator", within a sentence. */
export function asRole(role: Role): string {
  return `${role === 'admin' ? 'an' : 'a'} ${labelOf(role).toLowerCase()}`
}

export function labelOf(role: Role): string {
  return ROLES.find((words) => words.role === role)?.label ?? role
}
