/** Tells a person that something did not work, in the place where its result would be. */
export function Failure({ text }: { text: string }) {
  return (
    <p className="bad" role="alert">
      {text}
    </p>
  );
}
