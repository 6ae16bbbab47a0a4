import { compact, GLYPH } from './layout.ts'

/** What the page says in each state. Texts name "the website", never its name: that is untrusted, and stands isolated beside its host. */
export const STATES = {
  pending: {
    title: 'waiting for agent',
    tone: 'wait',
    glyph: GLYPH.pointer,
    heading: 'Waiting for the agent',
    text: 'An AI agent is asked to sign in to the website below. Once it has signed in, this page goes back there by itself.',
  },
  second_factor_required: {
    title: 'waiting for one-time code',
    tone: 'wait',
    glyph: GLYPH.envelope,
    heading: 'Waiting for the one-time code',
    text: 'The agent has given its credentials. A code is in the agent’s own inbox; once the agent sends it back, the sign-in goes on.',
  },
  approval_required: {
    title: 'waiting for approval',
    tone: 'wait',
    glyph: GLYPH.person,
    heading: 'Waiting for a person to approve',
    text: 'The agent has given its credentials. Its owner asked to approve sign-ins like this one, and can do so in the Auth Agent console.',
  },
  authenticated: {
    title: 'signed in',
    tone: 'good',
    glyph: GLYPH.check,
    heading: 'Signed in',
    text: 'Going back to the website.',
  },
  completed: {
    title: 'sign-in complete',
    tone: 'good',
    glyph: GLYPH.check,
    heading: 'Sign-in complete',
    text: 'The website has its answer. Go back to it; this page can be closed.',
  },
  denied: {
    title: 'sign-in refused',
    tone: 'bad',
    glyph: GLYPH.cross,
    heading: 'This sign-in was refused',
    text: 'The agent’s owner, or a rule the owner set, did not allow it. Nothing was shared with the website. If it should be allowed, ask the owner to change the agent’s rules, then start again.',
  },
  expired: {
    title: 'request expired',
    tone: 'still',
    glyph: GLYPH.clock,
    heading: 'This request has expired',
    text: 'No agent signed in while it was open, and nothing was shared with the website. Start again there to get a new request.',
  },
  lost: {
    title: 'connection lost, retrying',
    tone: 'wait',
    glyph: GLYPH.broken,
    heading: 'Connection lost, retrying',
    text: 'This page cannot reach Auth Agent at the moment. It keeps trying, and the sign-in is not lost.',
  },
} as const

/** How the way back reads in the states that end the wait; the host is put in its place. */
const WAY_BACK = {
  completed: 'Go back to HOST',
  denied: 'Go back to HOST',
  expired: 'Go back to HOST and start again',
} as const

/** What the script finds in `#auth-agent-page`. */
export interface PageData {
  request_id: string
  status: 'pending' | 'second_factor_required' | 'approval_required'
  client_host: string
  expires_at: number
  now: number
  poll_token: string
  status_path: string
  stream_path: string
  restart_url: string | null
}

export const WAITING_SCRIPT = compact(`
const states = ${JSON.stringify(STATES)}
const wayBack = ${JSON.stringify(WAY_BACK)}

const page = JSON.parse(document.getElementById('auth-agent-page').textContent)
const main = document.querySelector('main')
const heading = main.querySelector('[role=status] h1')
const text = main.querySelector('[role=status] p')
const glyph = main.querySelector('.emblem path')
const countdown = document.querySelector('[role=timer]')

// The deadline on this machine's clock, which may be wrong by hours.
const deadline = Date.now() + page.expires_at - page.now

let status = page.status
let shown = status
let over = false
let stream
let checking
let nextCheck
let nextStream
let nextTick

// A live region speaks on every change, so an unchanged state must not touch it.
function show(name) {
  if (name === shown) return
  shown = name
  const state = states[name]
  document.title = 'Auth Agent: ' + state.title + ' (' + page.request_id + ')'
  main.dataset.tone = state.tone
  glyph.setAttribute('d', state.glyph)
  heading.textContent = state.heading
  text.textContent = state.text
}

function stop() {
  over = true
  stream.close()
  clearTimeout(nextCheck)
  clearTimeout(nextStream)
  clearTimeout(nextTick)
}

function end(name) {
  stop()
  show(name)
  const typing = document.activeElement && document.activeElement.closest('form')
  for (const part of document.querySelectorAll('[data-while-waiting]')) part.remove()
  if (!page.restart_url || main.querySelector('.back')) return
  const link = document.createElement('a')
  link.className = 'button back'
  link.href = page.restart_url
  link.textContent = wayBack[name].replace('HOST', () => page.client_host)
  const line = document.createElement('p')
  line.append(link)
  main.querySelector('.state').append(line)
  if (typing) link.focus()
}

function hear(answer) {
  // Stream and poll may both tell of it: going twice would show the website the same code twice.
  if (over) return
  if (answer.redirect_to) {
    stop()
    location.replace(answer.redirect_to)
    show('authenticated')
  } else if (answer.status in wayBack) {
    end(answer.status)
  } else if (answer.status === 'authenticated') {
    // The way on is given to whoever holds the poll token, which a stream cannot send.
    if (answer.polled) end('completed')
    else check()
  } else if (answer.status in states) {
    status = answer.status
    show(status)
  }
}

function check() {
  checking = checking || ask().finally(() => { checking = undefined })
  return checking
}

async function ask() {
  let answer
  try {
    const response = await fetch(page.status_path, {
      headers: { 'x-auth-agent-poll': page.poll_token },
      cache: 'no-store',
      signal: AbortSignal.timeout(10000),
    })
    if (response.status === 404 || response.status === 410) answer = { status: 'expired' }
    else if (response.status === 429) return
    else if (response.ok) answer = { ...(await response.json()), polled: true }
    else throw new Error(response.status)
  } catch {
    if (!over) show('lost')
    return
  }
  hear(answer)
}

// Every 2 s while the stream is down; now and then while it is up, for proxies that hold a stream back.
function keepChecking() {
  clearTimeout(nextCheck)
  const pause = stream.readyState === EventSource.OPEN ? 20000 : 2000
  nextCheck = setTimeout(() => check().then(() => over || keepChecking()), pause)
}

function listen() {
  clearTimeout(nextStream)
  if (stream) stream.close()
  stream = new EventSource(page.stream_path)
  stream.addEventListener('status', (event) => hear(JSON.parse(event.data)))
  stream.addEventListener('open', () => {
    if (shown === 'lost') check()
    keepChecking()
  })
  stream.addEventListener('error', () => {
    if (over) return
    check()
    keepChecking()
    if (stream.readyState === EventSource.CLOSED) nextStream = setTimeout(listen, 15000)
  })
}

async function tick() {
  const left = Math.max(0, Math.ceil((deadline - Date.now()) / 1000))
  countdown.textContent = Math.floor(left / 60) + ':' + String(left % 60).padStart(2, '0')
  if (left > 0) {
    nextTick = setTimeout(tick, (deadline - Date.now()) % 1000 + 5)
    return
  }
  // The agent may have made it in the last second: the server has the last word.
  await check()
  if (!over) end('expired')
}

function begin() {
  over = false
  listen()
  keepChecking()
  tick()
}

// An open stream would keep the page out of the back-forward cache.
addEventListener('pagehide', stop)
addEventListener('pageshow', (event) => {
  if (!event.persisted) return
  begin()
  check()
})
// The form's own answer leads on; going by the stream as well would show the website the same code twice.
for (const form of document.forms) form.addEventListener('submit', stop)
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && !over) check()
})

begin()
`)
