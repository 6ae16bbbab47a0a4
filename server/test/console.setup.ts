import { buildConsole } from '../../console/build.ts'

/** The console is built once for all tests that open it; built already, this takes no time. */
export default async function setup() {
  await buildConsole()
}
