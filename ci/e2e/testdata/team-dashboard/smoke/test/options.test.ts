import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOptions } from '../src/options.ts';

const env = {
  SMOKE_DASHBOARD_URL: 'http://dashboard-green:3000',
  SMOKE_AGENT_MANAGER_URL: 'http://agent-manager-green:3001',
  SMOKE_MCP_MANAGER_URL: 'http://mcp-manager-green:3002',
  SMOKE_OPENAI_SERVICE_URL: 'http://openai-service-green:3003',
};

test('addresses and the expected release are read', () => {
  const options = readOptions({
    ...env,
    SMOKE_RESOLVE: 'team-dashboard.app=10.0.0.1,www.team-dashboard.app=10.0.0.1',
    SMOKE_EXPECT_RELEASE: 'v2',
  });
  assert.equal(options.urls.agentManager, 'http://agent-manager-green:3001');
  assert.equal(options.resolve.get('www.team-dashboard.app'), '10.0.0.1');
  assert.equal(options.expectRelease, 'v2');
});

test('empty variables mean the same as absent ones', () => {
  const options = readOptions({
    ...env,
    SMOKE_RESOLVE: '',
    SMOKE_EXPECT_RELEASE: '',
    SMOKE_CA: '',
    SMOKE_PATIENCE: '',
  });
  assert.deepEqual(options, readOptions(env));
});

for (const [name, value] of [
  ['SMOKE_DASHBOARD_URL', undefined],
  ['SMOKE_MCP_MANAGER_URL', 'mcp-manager:3002'],
  ['SMOKE_RESOLVE', 'team-dashboard.app'],
  ['SMOKE_PATIENCE', 'a minute'],
] as const) {
  test(`${name}=${value} is refused by name`, () => {
    assert.throws(() => readOptions({ ...env, [name]: value }), {
      message: new RegExp(`^${name} `),
    });
  });
}
