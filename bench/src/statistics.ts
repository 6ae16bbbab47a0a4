export function median(values: Iterable<number>): number {
  return quantile(values, 0.5)
}

export function quantile(values: Iterable<number>, q: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN
}
