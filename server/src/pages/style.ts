/**
 * The look of every page: one column of paper, one accent, system fonts only.
 * Text colours keep 4.5:1 on both grounds, the borders of controls 3:1 (WCAG 2.2, 1.4.3 and 1.4.11).
 */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #f3f2ec;
  --card: #fffefa;
  --sunk: #f0efe7;
  --ink: #16211c;
  --soft: #4f5d56;
  --line: #dedcd0;
  --edge: #7d8880;
  --ring: #16211c1c;
  --accent: #0a6a50;
  --on-accent: #ffffff;
  --bad: #a5271c;
  --bad-ground: #fbeae7;
  --sans: ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif;
  --mono: ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #0e1412;
    --card: #151c19;
    --sunk: #1c2521;
    --ink: #e7eeea;
    --soft: #a5b3ac;
    --line: #2b3732;
    --edge: #71827a;
    --ring: #e7eeea1c;
    --accent: #63d3ad;
    --on-accent: #06231a;
    --bad: #ff9d90;
    --bad-ground: #33191a;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0;
  min-height: 100vh;
  min-height: 100dvh;
  background:
    radial-gradient(circle at 100% 0, transparent, var(--paper) min(38rem, 75vw)),
    repeating-radial-gradient(circle at 100% 0, transparent 0 78px, var(--ring) 78px 80px),
    var(--paper);
  color: var(--ink);
  font: 400 1rem/1.55 var(--sans);
  overflow-wrap: anywhere;
}
h1, h2, h3, p, ul, dl, dd, pre, figure { margin: 0; padding: 0; }
h1 { font-size: clamp(1.5rem, 1.2rem + 1.4vw, 1.875rem); font-weight: 650; line-height: 1.2; letter-spacing: -0.02em; text-wrap: balance; }
code, pre { font-family: var(--mono); font-size: 0.875em; }
a { color: var(--accent); text-decoration-thickness: 1px; text-underline-offset: 0.2em; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; border-radius: 4px; }
.page { display: flex; flex-direction: column; gap: 1.25rem; width: min(100%, 37rem); min-height: inherit; margin: 0 auto; padding: clamp(1.25rem, 5vh, 4rem) clamp(1rem, 4vw, 1.5rem) 2rem; }
.brand { display: flex; align-items: center; gap: 0.6rem; font-size: 1.0625rem; font-weight: 650; letter-spacing: -0.015em; }
.brand svg { width: 1.75rem; height: 1.75rem; flex: none; color: var(--accent); }
.brand svg path { fill: var(--ink); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 14px; box-shadow: 0 1px 2px #0000000a, 0 12px 32px -16px #00000026; }
.card > * { padding: clamp(1.25rem, 4vw, 2rem); }
.card > * + * { border-top: 1px solid var(--line); }
.state { display: grid; gap: 1.25rem; }
.state h1 + p { margin-top: 0.6rem; }
.emblem { width: 4rem; height: 4rem; color: var(--accent); fill: none; stroke: currentColor; stroke-width: 2.5; stroke-linecap: round; stroke-linejoin: round; }
.emblem path { stroke-width: 1.9; }
.emblem circle:first-child { stroke: var(--line); }
.emblem .arc { stroke-dasharray: 100; transform-origin: center; }
[data-tone='wait'] .emblem .arc { stroke-dasharray: 26 74; animation: turn 3.6s linear infinite; }
[data-tone='bad'] .emblem { color: var(--bad); }
[data-tone='still'] .emblem { color: var(--soft); }
@keyframes turn { to { transform: rotate(1turn); } }
@media (prefers-reduced-motion: reduce) {
  [data-tone='wait'] .emblem .arc { animation: none; stroke-dasharray: 74 26; }
}
.soft { color: var(--soft); }
.small { font-size: 0.875rem; }
.button { display: inline-block; min-height: 2.75rem; padding: 0.6rem 1.15rem; border: 1px solid transparent; border-radius: 9px; background: var(--accent); color: var(--on-accent); font: 600 1rem/1.4 var(--sans); text-decoration: none; text-wrap: balance; cursor: pointer; }
.button:hover { filter: brightness(1.08); }
.button.plain { background: none; border-color: var(--edge); color: var(--ink); }
.facts { display: grid; gap: 1.25rem; }
.facts > div { display: grid; gap: 0.15rem 1.5rem; }
.facts dt { color: var(--soft); font-size: 0.875rem; line-height: 1.7; }
.facts ul { list-style: none; display: grid; gap: 0.35rem; }
.facts li { padding-left: 1.1rem; text-indent: -1.1rem; }
.facts li::before { content: ''; display: inline-block; width: 0.35rem; height: 0.35rem; margin: 0 0.75rem 0.2rem 0; border-radius: 50%; background: var(--accent); }
@media (min-width: 34rem) { .facts > div { grid-template-columns: 8.5rem 1fr; } }
.foot { color: var(--soft); font-size: 0.875rem; }
`
