import { Hono } from 'hono'
import { createNotes, LONGEST_NOTE } from './notes.ts'
import { landingPage, notebookPage } from './pages.ts'
import type { Sessions } from './sessions.ts'

/** What Fieldnotes is for: reading notes, and leaving one when signed in. */
export function notebookRoutes(sessions: Sessions): Hono {
  const notes = createNotes()
  return new Hono()
    .get('/', (c) => {
      const farewell = c.req.query('signed-out')
      return c.html(landingPage({ notes: notes.list(), visitor: sessions.find(c)?.visitor, farewell }))
    })
    .get('/notebook', (c) => {
      const visitor = sessions.find(c)?.visitor
      if (!visitor) return c.redirect('/', 303)
      return c.html(notebookPage({ notes: notes.list(), visitor }))
    })
    .post('/notes', async (c) => {
      const visitor = sessions.find(c)?.visitor
      if (!visitor) return c.redirect('/', 303)
      const { note } = await c.req.parseBody()
      const text = typeof note === 'string' ? note.trim().slice(0, LONGEST_NOTE) : ''
      if (text) notes.write(text, visitor.profile, new Date())
      return c.redirect('/notebook', 303)
    })
}
