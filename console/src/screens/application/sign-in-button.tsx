import { BrandMark } from '../../components/brand.tsx'
import { CodeBlock } from '../../components/code-block.tsx'
import { filledButton } from './snippets.ts'

/** The button of a website, as its visitors see it, and its HTML. */
export function SignInButton({ of }: { of: Parameters<typeof filledButton>[0] }) {
  const { title, code } = filledButton(of)
  return (
    <div className="grid gap-3">
      <div className="grid place-items-center rounded-lg border border-dashed bg-muted/60 px-4 py-7" aria-hidden>
        {/* The colours of the HTML below, which are the same on light and dark pages. */}
        <span
          className="inline-flex min-h-11 items-center gap-2.5 rounded-[10px] border px-[18px] text-[15px] font-semibold"
          style={{ background: '#16211c', borderColor: '#4f5d56', color: '#fff' }}
        >
          <BrandMark className="dark size-5 text-[#2fbb91] [&_path]:fill-white" />
          Sign in with Auth Agent
        </span>
      </div>
      <CodeBlock title={title} code={code} />
    </div>
  )
}
