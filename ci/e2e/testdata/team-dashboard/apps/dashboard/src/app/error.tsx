'use client';

export default function PageError({ reset }: { error: Error; reset: () => void }) {
  return (
    <main className="card narrow">
      <h1>This page failed</h1>
      <p>The dashboard’s log says why.</p>
      <button onClick={reset}>Try again</button>
    </main>
  );
}
