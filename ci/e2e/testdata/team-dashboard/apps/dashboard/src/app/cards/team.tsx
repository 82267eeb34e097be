import { getRuntime } from '../../runtime.ts';
import { Avatar, Card } from './card.tsx';

export function TeamCard() {
  const { team } = getRuntime();
  return (
    <Card
      title="Team"
      load={() => team.list()}
      show={(members) => (
        <ul>
          {members.map(({ name, role }) => (
            <li key={name}>
              <Avatar name={name} />
              <span>{name}</span>
              <span className="faint">{role}</span>
            </li>
          ))}
        </ul>
      )}
    />
  );
}
