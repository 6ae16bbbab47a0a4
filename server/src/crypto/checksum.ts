import { crc32 } from 'node:zlib'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const SIGNS = 6

/** Six signs (CRC-32 in base 62) that a mistyped or cut-off key does not have: refused without asking the database. */
export function checksum(text: string): string {
  let left = crc32(text)
  let signs = ''
  for (let at = 0; at < SIGNS; at++) {
    signs = ALPHABET[left % 62] + signs
    left = Math.floor(left / 62)
  }
  return signs
}
