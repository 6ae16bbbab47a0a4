import { CopyButton, CopyText } from '../../components/copy-button.tsx'
import { Select, SelectContent, SelectItem, SelectTrigger, SelectValue } from '../../components/select.tsx'

interface RedirectUriSelectProps {
  uris: readonly string[]
  value: string
  onChange: (uri: string) => void
}

/** Which of several the code below is for; a single one is a fact. */
export function RedirectUriSelect({ uris, value, onChange }: RedirectUriSelectProps) {
  if (uris.length === 1) return <CopyText value={value} what="redirect URI" />
  return (
    <span className="flex max-w-xl items-center gap-1">
      <Select value={value} onValueChange={onChange}>
        <SelectTrigger aria-label="Redirect URI that the code is for" className="h-8 font-mono text-[0.8125rem]">
          <SelectValue />
        </SelectTrigger>
        <SelectContent>
          {uris.map((uri) => (
            <SelectItem key={uri} value={uri} className="font-mono text-[0.8125rem]">
              {uri}
            </SelectItem>
          ))}
        </SelectContent>
      </Select>
      <CopyButton value={value} what="redirect URI" />
    </span>
  )
}
