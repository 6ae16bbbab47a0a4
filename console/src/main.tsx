import './nonce.ts'
import './styles.css'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Toaster } from './components/toast.tsx'
import { TooltipProvider } from './components/tooltip.tsx'
import { queryClient } from './query-client.ts'
import { ReauthenticationProvider } from './reauthentication.tsx'
import { router } from './router.tsx'
import { followTheme } from './theme.ts'

const place = document.getElementById('console')
if (!place) throw new Error('index.html has no element with the id "console"')

followTheme()
createRoot(place).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <TooltipProvider delayDuration={300}>
        <ReauthenticationProvider>
          <RouterProvider router={router} />
        </ReauthenticationProvider>
        <Toaster />
      </TooltipProvider>
    </QueryClientProvider>
  </StrictMode>,
)
