import { Link } from '@tanstack/react-router'
import { EllipsisVertical, Keyboard, LogOut, Monitor, Moon, Settings, Sun } from 'lucide-react'
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuLabel,
  DropdownMenuRadioGroup,
  DropdownMenuRadioItem,
  DropdownMenuSeparator,
  DropdownMenuTrigger,
} from '../components/dropdown-menu.tsx'
import { Initials } from '../components/initials.tsx'
import { useMe } from '../me.ts'
import { chooseTheme, type Theme, useTheme } from '../theme.ts'
import { useSignOut } from './sign-out.ts'

export const THEMES = [
  { theme: 'light', label: 'Light', icon: Sun },
  { theme: 'dark', label: 'Dark', icon: Moon },
  { theme: 'system', label: 'As the system', icon: Monitor },
] as const

interface AccountMenuProps {
  onShortcuts: () => void
  onNavigate?: () => void
}

export function AccountMenu({ onShortcuts, onNavigate }: AccountMenuProps) {
  const { user } = useMe()
  const theme = useTheme()
  const signOut = useSignOut()

  return (
    <DropdownMenu>
      <DropdownMenuTrigger className="flex w-full items-center gap-2.5 rounded-lg p-2 text-left transition-colors hover:bg-hover data-[state=open]:bg-hover">
        <Initials name={user.name || user.email} />
        <span className="grid min-w-0 flex-1">
          <span className="truncate leading-tight font-medium">{user.name}</span>
          <span className="truncate text-xs text-muted-foreground">{user.email}</span>
        </span>
        <EllipsisVertical className="size-4 shrink-0 text-muted-foreground" aria-hidden />
        <span className="sr-only">Your account</span>
      </DropdownMenuTrigger>
      <DropdownMenuContent align="start" className="w-60">
        <DropdownMenuItem asChild>
          <Link to="/settings" {...(onNavigate && { onClick: onNavigate })}>
            <Settings aria-hidden />
            Settings
          </Link>
        </DropdownMenuItem>
        <DropdownMenuItem onSelect={onShortcuts}>
          <Keyboard aria-hidden />
          Keyboard shortcuts
        </DropdownMenuItem>
        <DropdownMenuSeparator />
        <DropdownMenuLabel>Theme</DropdownMenuLabel>
        <DropdownMenuRadioGroup value={theme} onValueChange={(chosen) => chooseTheme(chosen as Theme)}>
          {THEMES.map(({ theme: value, label, icon: Icon }) => (
            <DropdownMenuRadioItem key={value} value={value}>
              <Icon aria-hidden />
              {label}
            </DropdownMenuRadioItem>
          ))}
        </DropdownMenuRadioGroup>
        <DropdownMenuSeparator />
        <DropdownMenuItem onSelect={() => signOut.run()}>
          <LogOut aria-hidden />
          Sign out
        </DropdownMenuItem>
      </DropdownMenuContent>
    </DropdownMenu>
  )
}
