import { getRuntime } from '../../runtime.ts';
import { Card, Empty } from './card.tsx';

interface McpServer {
  id: string;
  name: string;
  url: string;
}

export function McpServers() {
  const { mcpManager } = getRuntime();
  return (
    <Card
      title="MCP servers"
      load={() => mcpManager.get<{ servers: McpServer[] }>('/api/mcp/servers')}
      show={({ servers }) =>
        servers.length > 0 ? <List servers={servers} /> : <Empty text="None yet." />
      }
    >
      <form action="/mcp-servers" method="post">
        <input name="name" placeholder="Name" aria-label="Name" maxLength={80} required />
        <input name="url" type="url" placeholder="https://…" aria-label="URL" required />
        <button>Add</button>
      </form>
    </Card>
  );
}

function List({ servers }: { servers: McpServer[] }) {
  return (
    <ul>
      {servers.map(({ id, name, url }) => (
        <li key={id}>
          <span>
            {name}
            <span className="detail">{url}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}
