import { Link } from '@tanstack/react-router'
import { useMe } from '../../me.ts'

/** For who has none left: whom they get some from. The beginning of a sentence. */
export function MoreCredits() {
  const { operator, user } = useMe()
  if (!operator) return 'Ask whoever runs this server for some'
  return (
    <Link to="/people" search={{ search: user.email }} className="link">
      Give yourself some
    </Link>
  )
}
