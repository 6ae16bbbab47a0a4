import { CopyButton } from '../../components/copy-button.tsx'

interface RedirectUriProps {
  uri: string
  /** The last part stands for a name that is not typed yet. */
  isKnown: boolean
}

/** What the operator registers at the provider, exactly. */
export function RedirectUri({ uri, isKnown }: RedirectUriProps) {
  return (
    <div className="grid gap-1.5">
      <p className="text-sm leading-snug font-medium">Redirect URI to register there</p>
      <div className="flex items-start gap-2 rounded-lg border bg-muted py-1 pr-1 pl-3">
        <code className="min-w-0 flex-1 py-1.5 font-mono text-[0.8125rem] break-all select-all">{uri}</code>
        {isKnown && <CopyButton value={uri} what="redirect URI" />}
      </div>
      <p className="text-[0.8125rem] text-muted-foreground">
        Sometimes called callback URL. Providers compare it letter by letter.
      </p>
    </div>
  )
}
