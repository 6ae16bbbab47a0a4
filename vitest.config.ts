import { defaultServerConditions } from 'vite'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  // The SDK as it stands, not as it was built; tsconfig.json says the same.
  ssr: { resolve: { conditions: ['@auth-agent/source', ...defaultServerConditions] } },
  test: {
    include: ['server/test/**/*.test.ts', 'sdk/test/**/*.test.ts', 'examples/**/*.test.ts', 'bench/test/**/*.test.ts'],
    globalSetup: ['server/test/postgres.setup.ts', 'server/test/console.setup.ts'],
    // Two cores: more workers only make each other wait.
    maxWorkers: 2,
    // What hangs ends; a busy machine may take its time.
    testTimeout: 90_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 15_000 } },
  },
})
