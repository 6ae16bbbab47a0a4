export interface Device {
  /** "Chrome on Windows", as far as one can tell. */
  name: string
  kind: 'computer' | 'phone' | 'program'
}

/** In this order: most browsers also claim to be those below them. */
const BROWSERS: readonly [sign: RegExp, name: string][] = [
  [/\bEdg(e|A|iOS)?\//, 'Edge'],
  [/\bOPR\/|\bOpera\b/, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(HeadlessChrome|Chrome|CriOS|Chromium)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
]

const SYSTEMS: readonly [sign: RegExp, name: string, kind: Device['kind']][] = [
  [/\biPhone\b/, 'iPhone', 'phone'],
  [/\biPad\b/, 'iPad', 'phone'],
  [/\bAndroid\b/, 'Android', 'phone'],
  [/\bWindows\b/, 'Windows', 'computer'],
  [/\bMac OS X\b|\bMacintosh\b/, 'macOS', 'computer'],
  [/\bCrOS\b/, 'ChromeOS', 'computer'],
  [/\bLinux\b/, 'Linux', 'computer'],
]

/** A guess by what the browser said of itself, which anybody can write. */
export function deviceOf(userAgent: string | null): Device {
  if (userAgent === null || userAgent === '') return { name: 'Unknown device', kind: 'program' }
  const browser = BROWSERS.find(([sign]) => sign.test(userAgent))?.[1]
  const system = SYSTEMS.find(([sign]) => sign.test(userAgent))
  const [, systemName, kind = 'program'] = system ?? []
  if (browser && systemName) return { name: `${browser} on ${systemName}`, kind }
  // "curl/8.5.0": what is no browser says its name first.
  return { name: browser ?? systemName ?? userAgent.split(/[/\s]/, 1)[0] ?? userAgent, kind }
}
