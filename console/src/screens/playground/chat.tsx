import { RotateCcw, SlidersHorizontal } from 'lucide-react'
import { useState } from 'react'
import { Button } from '../../components/button.tsx'
import { Card } from '../../components/card.tsx'
import { PageHeader } from '../../components/page-header.tsx'
import { Sheet, SheetContent, SheetTrigger } from '../../components/sheet.tsx'
import type { OfferedModels } from '../../models.ts'
import { Composer } from './composer.tsx'
import { Conversation } from './conversation.tsx'
import { ModelChoice } from './model-choice.tsx'
import { useSettings } from './settings.ts'
import { SettingsPanel } from './settings-panel.tsx'
import { useChat } from './use-chat.ts'

interface ChatProps {
  /** Those that serve; at least one. */
  providers: readonly OfferedModels[]
  description: string
}

export function Chat({ providers, description }: ChatProps) {
  const { settings, chosen, change, chooseModel } = useSettings(providers)
  const chat = useChat()
  const [open, setOpen] = useState(false)
  const panel = <SettingsPanel providers={providers} settings={settings} chosen={chosen} onChange={change} />
  return (
    <>
      <PageHeader
        title="Playground"
        description={description}
        actions={
          <Button variant="outline" disabled={chat.turns.length === 0} onClick={chat.clear}>
            <RotateCcw aria-hidden />
            New chat
          </Button>
        }
      />
      <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,1fr)_19rem]">
        <Card className="flex h-[calc(100dvh-13.5rem)] min-h-[27rem] flex-col overflow-hidden lg:h-[calc(100dvh-9.5rem)]">
          <div className="flex items-center gap-2 border-b px-4 py-3 sm:px-5">
            <ModelChoice chosen={chosen} onChoose={chooseModel} />
            <Sheet open={open} onOpenChange={setOpen}>
              <SheetTrigger asChild>
                <Button variant="outline" size="icon" aria-label="Settings" className="ml-auto lg:hidden">
                  <SlidersHorizontal aria-hidden />
                </Button>
              </SheetTrigger>
              <SheetContent title="Settings" description="They count from the next message on.">
                <div className="px-5 pb-8 sm:px-6">{panel}</div>
              </SheetContent>
            </Sheet>
          </div>
          <Conversation turns={chat.turns} onAgain={() => chat.askAgain(settings, chosen)} />
          <Composer
            isComing={chat.isComing}
            canSend={chosen.model !== ''}
            onSend={(text) => chat.ask(text, settings, chosen)}
            onStop={chat.stop}
          />
        </Card>
        <Card className="p-5 max-lg:hidden">
          <h2 className="mb-4 text-[0.9375rem] leading-snug font-semibold tracking-tight">Settings</h2>
          {panel}
        </Card>
      </div>
    </>
  )
}
