import { getRuntime } from '../../runtime.ts';
import { Avatar, Card, Empty } from './card.tsx';

interface Agent {
  id: string;
  name: string;
  role: string;
  online: boolean;
}

export function Agents() {
  const { agentManager } = getRuntime();
  return (
    <Card
      title="Agents"
      load={() => agentManager.get<{ agents: Agent[] }>('/api/agents')}
      show={({ agents }) =>
        agents.length > 0 ? <List agents={agents} /> : <Empty text="None yet." />
      }
    >
      <form action="/agents" method="post">
        <input name="name" placeholder="Name" aria-label="Name" maxLength={80} required />
        <input name="role" placeholder="Role" aria-label="Role" maxLength={80} />
        <button>Add</button>
      </form>
    </Card>
  );
}

function List({ agents }: { agents: Agent[] }) {
  return (
    <ul>
      {agents.map(({ id, name, role, online }) => (
        <li key={id}>
          <Avatar name={name} />
          <span>
            {name}
            <span className="detail">{role}</span>
          </span>
          <span className={`state ${online ? 'good' : 'faint'}`}>{online ? 'online' : 'away'}</span>
        </li>
      ))}
    </ul>
  );
}
