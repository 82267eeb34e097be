export default function NotFound() {
  return (
    <main className="card narrow">
      <h1>There is no such page</h1>
      <p>
        <a href="/">To the dashboard</a>
      </p>
    </main>
  );
}
