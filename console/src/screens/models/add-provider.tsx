import { Link } from '@tanstack/react-router'
import { Button } from '../../components/button.tsx'

/** For whoever runs the server, where others are told to ask them. */
export function AddModelProvider() {
  return (
    <Button asChild>
      <Link to="/models" search={{ provider: '_new' }}>
        Add a provider
      </Link>
    </Button>
  )
}
