/**
 * The text with each `{name}` replaced by the value of that name; others stay. In an address values are percent-encoded;
 * whether a value may stand in a host name is for the entry's `pattern` to say, before it comes here.
 */
export function fillPlaceholders(text: string, values: Readonly<Record<string, string>>): string {
  const isAddress = /^https?:/.test(text)
  return text.replace(/\{([a-z]\w*)\}/g, (placeholder, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined
    if (value === undefined) return placeholder
    return isAddress ? encodeURIComponent(value) : value
  })
}
