import { getRuntime } from '../../runtime.ts';

export const dynamic = 'force-dynamic';

export default function SignIn() {
  const { signIn } = getRuntime();
  return (
    <main className="card narrow">
      <h1>Sign in</h1>
      <p className="faint">Your GitHub account says who you are; nothing else is read.</p>
      {signIn.github ? (
        <a className="button" href="/auth/github">
          Continue with GitHub
        </a>
      ) : (
        <p>Signing in is not set up here: GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET are empty.</p>
      )}
    </main>
  );
}
