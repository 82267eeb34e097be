import { errorText } from '@team-dashboard/service-kit/log';
import type { ReactNode } from 'react';
import { Failure } from '../failure.tsx';

interface Props<T> {
  title: string;
  /** Fetches what the card shows. A failure is told on this card only; the others stay useful. */
  load: () => Promise<T>;
  show: (data: T) => ReactNode;
  children?: ReactNode;
}

/** A part of the home page that lives on data of one service. */
export async function Card<T>({ title, load, show, children }: Props<T>) {
  const content = await load().then(show, (error: unknown) => <Failure text={errorText(error)} />);
  return (
    <section className="card">
      <h2>{title}</h2>
      {content}
      {children}
    </section>
  );
}

export function Empty({ text }: { text: string }) {
  return <p className="faint">{text}</p>;
}

export function Avatar({ name }: { name: string }) {
  return <img src={`/avatar/${encodeURIComponent(name)}`} alt="" />;
}
