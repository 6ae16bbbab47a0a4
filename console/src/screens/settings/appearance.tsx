import { Card, CardContent, CardHeader } from '../../components/card.tsx'
import { RadioChoice, RadioGroup } from '../../components/radio-group.tsx'
import { THEMES } from '../../shell/account-menu.tsx'
import { chooseTheme, type Theme, useTheme } from '../../theme.ts'

const HINTS: Record<Theme, string> = {
  light: 'Dark text on a bright ground.',
  dark: 'Bright text on a dark ground.',
  system: 'Follows your computer, by day and by night.',
}

export function Appearance() {
  const theme = useTheme()
  return (
    <Card>
      <CardHeader title="Theme" description="Kept in this browser." />
      <CardContent>
        <RadioGroup
          value={theme}
          onValueChange={(chosen: Theme) => chooseTheme(chosen)}
          aria-label="Theme"
          className="sm:grid-cols-3"
        >
          {THEMES.map(({ theme: value, label, icon: Icon }) => (
            <RadioChoice
              key={value}
              value={value}
              hint={HINTS[value]}
              label={
                <span className="flex items-center gap-2">
                  <Icon className="size-4 text-muted-foreground" aria-hidden />
                  {label}
                </span>
              }
            />
          ))}
        </RadioGroup>
      </CardContent>
    </Card>
  )
}
