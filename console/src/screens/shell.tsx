import { useQuery } from '@tanstack/react-query'
import { Link, Navigate, Outlet } from '@tanstack/react-router'
import { Menu, Search } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { ApiFailure, isFailure } from '../api.ts'
import { Brand } from '../components/brand.tsx'
import { Button } from '../components/button.tsx'
import { Key } from '../components/command.tsx'
import { ErrorState } from '../components/error-state.tsx'
import { Sheet, SheetContent, SheetTrigger } from '../components/sheet.tsx'
import { Skeleton } from '../components/skeleton.tsx'
import { here } from '../continue-to.ts'
import { useLiveSignIns } from '../live.ts'
import { meQuery } from '../me.ts'
import { useSessionState } from '../session-state.ts'
import { AccountMenu } from '../shell/account-menu.tsx'
import { CommandPalette } from '../shell/command-palette.tsx'
import { Navigation } from '../shell/navigation.tsx'
import { NotAMember } from '../shell/not-a-member.tsx'
import { OfflineNote } from '../shell/offline-note.tsx'
import { OrganizationSwitcher } from '../shell/organization-switcher.tsx'
import { SessionGuard } from '../shell/session-guard.tsx'
import { COMMAND_KEY, ShortcutHelp, useShortcuts } from '../shell/shortcuts.tsx'

/** Around every screen of the console: nothing is shown before it is known who looks. */
export function Shell() {
  const { data: me, error, refetch } = useQuery(meQuery)
  const state = useSessionState()
  if (state === 'not-a-member' || isFailure(error, 'not_a_member')) return <NotAMember me={me} />
  if (me) return <Frame />
  if (error instanceof ApiFailure && error.status === 401)
    return <Navigate to="/sign-in" search={{ continue: here() }} replace />
  if (error)
    return (
      <main className="grid min-h-dvh content-center">
        <ErrorState error={error} retry={() => void refetch()} />
      </main>
    )
  return <FrameSkeleton />
}

function Frame() {
  const [palette, setPalette] = useState(false)
  const [help, setHelp] = useState(false)
  const [menu, setMenu] = useState(false)
  useLiveSignIns()
  useShortcuts({ openPalette: () => setPalette(true), openHelp: () => setHelp(true) })

  const search = <SearchButton onClick={() => setPalette(true)} />
  return (
    <>
      <a
        href="#content"
        className="fixed top-2 left-2 z-50 -translate-y-20 rounded-lg bg-primary px-4 py-2 font-medium text-primary-foreground focus:translate-y-0"
      >
        Skip to content
      </a>
      <div className="flex min-h-dvh flex-col lg:flex-row">
        <Sidebar search={search} onShortcuts={() => setHelp(true)} />
        <header className="sticky top-0 z-30 flex h-14 items-center gap-2 border-b bg-sidebar px-4 lg:hidden">
          <Link to="/" className="flex rounded-lg" aria-label="Auth Agent, overview">
            <Brand />
          </Link>
          <Button variant="ghost" size="icon" className="ml-auto" aria-label="Search" onClick={() => setPalette(true)}>
            <Search aria-hidden />
          </Button>
          <Sheet open={menu} onOpenChange={setMenu}>
            <SheetTrigger asChild>
              <Button variant="ghost" size="icon" aria-label="Menu">
                <Menu aria-hidden />
              </Button>
            </SheetTrigger>
            <SheetContent title="Menu" side="left" className="bg-sidebar">
              <div className="flex flex-1 flex-col gap-5 px-3 pb-3">
                <OrganizationSwitcher />
                <Navigation onNavigate={() => setMenu(false)} />
                <div className="mt-auto">
                  <AccountMenu onShortcuts={() => setHelp(true)} onNavigate={() => setMenu(false)} />
                </div>
              </div>
            </SheetContent>
          </Sheet>
        </header>
        <div className="flex min-w-0 flex-1 flex-col">
          <OfflineNote />
          <main id="content" tabIndex={-1} className="mx-auto w-full max-w-6xl px-4 py-6 outline-none sm:px-8 sm:py-8">
            <Outlet />
          </main>
        </div>
      </div>
      <CommandPalette open={palette} onOpenChange={setPalette} onShortcuts={() => setHelp(true)} />
      <ShortcutHelp open={help} onOpenChange={setHelp} />
      <SessionGuard />
    </>
  )
}

function Sidebar({ search, onShortcuts }: { search: ReactNode; onShortcuts: () => void }) {
  return (
    <header className="sticky top-0 hidden h-dvh w-60 shrink-0 flex-col gap-4 border-r bg-sidebar px-3 py-4 lg:flex">
      <Link to="/" className="flex rounded-lg px-2" aria-label="Auth Agent, overview">
        <Brand />
      </Link>
      <OrganizationSwitcher />
      {search}
      {/* On low screens the places scroll; who one is, and the way out, stay. */}
      <div className="-mx-3 -my-1 min-h-32 flex-1 overflow-y-auto px-3 py-1">
        <Navigation />
      </div>
      <div className="border-t pt-3">
        <AccountMenu onShortcuts={onShortcuts} />
      </div>
    </header>
  )
}

function SearchButton({ onClick }: { onClick: () => void }) {
  return (
    <button
      type="button"
      onClick={onClick}
      className="flex h-8 shrink-0 items-center gap-2 rounded-lg border bg-card px-2.5 text-[0.8125rem] text-muted-foreground shadow-card transition-colors hover:border-input hover:text-foreground"
    >
      <Search className="size-4" aria-hidden />
      Search
      <span className="ml-auto flex gap-1" aria-hidden>
        <Key>{COMMAND_KEY}</Key>
        <Key>K</Key>
      </span>
    </button>
  )
}

function FrameSkeleton() {
  return (
    <div role="status" className="flex min-h-dvh flex-col lg:flex-row">
      <span className="sr-only">Loading the console</span>
      <div className="hidden w-60 shrink-0 content-start gap-4 border-r bg-sidebar px-5 py-4 lg:grid">
        <Brand />
        <Skeleton className="h-12" />
        <Skeleton className="h-8" />
        <Skeleton className="h-40" />
      </div>
      <div className="h-14 border-b bg-sidebar px-4 py-3 lg:hidden">
        <Brand />
      </div>
      <div className="mx-auto grid w-full max-w-6xl content-start gap-4 px-4 py-6 sm:px-8 sm:py-8">
        <Skeleton className="h-7 w-48" />
        <Skeleton className="h-4 w-80 max-w-full" />
        <Skeleton className="mt-4 h-64" />
      </div>
    </div>
  )
}
