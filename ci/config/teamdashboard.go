package config

import (
	"slices"
	"time"
)

// TeamDashboard is the Team Management Dashboard. This file is all there is to
// edit to deploy another monorepo.
func TeamDashboard() Application {
	return Application{
		Name:     "team-dashboard",
		Registry: "ghcr.io/codingbutter/team-dashboard",
		Services: []Service{
			{Name: "dashboard", Port: 3000, Path: "/", HealthPath: "/api/health"},
			{Name: "agent-manager", Port: 3001, Path: "/api/agents", HealthPath: "/api/agents/health"},
			{Name: "mcp-manager", Port: 3002, Path: "/api/mcp", HealthPath: "/api/mcp/health"},
			{Name: "openai-service", Port: 3003, Path: "/api/openai", HealthPath: "/api/openai/health"},
		},
		SmokeImage: "smoke",
		DataImages: []DataImage{{Name: "postgres", Version: "17"}},
		Environments: []Environment{
			{
				Name:        "staging",
				Namespace:   "team-dashboard-staging",
				URL:         "https://staging.team-dashboard.app",
				Hosts:       []string{"staging.team-dashboard.app"},
				Strategy:    RollingUpdate,
				Thresholds:  thresholds,
				Secrets:     slices.Concat(secrets, backups(cipherPass)),
				HealthPaths: []string{"/api/health/db", "/api/health/redis"},
			},
			{
				Name:        "production",
				Namespace:   "team-dashboard-prod",
				URL:         "https://team-dashboard.app",
				Hosts:       []string{"team-dashboard.app", "www.team-dashboard.app"},
				Strategy:    BlueGreen,
				Slots:       []string{"blue", "green"},
				Thresholds:  thresholds,
				Watch:       5 * time.Minute,
				Secrets:     slices.Concat(secrets, backups(cipherPass, s3AccessKey, s3SecretKey)),
				HealthPaths: []string{"/api/health/db", "/api/health/redis"},
			},
		},
		Monitoring: Monitoring{Namespace: "team-dashboard-monitoring", Secrets: receivers},
	}
}

// The service level objectives and the rules of the automatic rollback.
var thresholds = Thresholds{
	ResponseTime:         2 * time.Second,
	ResponseTimeRollback: 5 * time.Second,
	ErrorRate:            0.01,
	ErrorRateRollback:    0.10,
	ErrorWindow:          5 * time.Minute,
	// One restart may be the node's doing, two are the release's.
	Restarts: 1,
}

var (
	openAIKey = Key{Purpose: "OpenAI API key", Prefixes: []string{"sk-"}, MinLength: 20}

	secrets = []Secret{
		{Name: "database-secrets", Keys: []Key{
			{Name: "postgres-url", Purpose: "PostgreSQL connection string", Schemes: []string{"postgres", "postgresql"}, Server: Postgres},
			{Name: "redis-password", Purpose: "Redis authentication password", MinLength: 16, Generated: true, Server: Redis},
		}},
		{Name: "dashboard-secrets", Keys: []Key{
			{Name: "NEXTAUTH_SECRET", Purpose: "NextAuth.js secret key", MinLength: 32, Generated: true},
			{Name: "NEXTAUTH_URL", Purpose: "application base URL", Schemes: []string{"https"}},
			{Name: "GITHUB_CLIENT_ID", Purpose: "GitHub OAuth client ID", MinLength: 16},
			{Name: "GITHUB_CLIENT_SECRET", Purpose: "GitHub OAuth client secret", MinLength: 20},
		}},
		{Name: "agent-manager-secrets", Keys: []Key{
			{Name: "JWT_SECRET", Purpose: "JWT signing secret", MinLength: 32, Generated: true},
			{Name: "GITHUB_TOKEN", Purpose: "GitHub access token", MinLength: 20, Prefixes: []string{"ghp_", "github_pat_", "gho_", "ghs_"}},
			openAIKey.named("OPENAI_API_KEY"),
		}},
		{Name: "mcp-manager-secrets", Keys: []Key{
			{Name: "MCP_ENCRYPTION_KEY", Purpose: "MCP protocol encryption key", MinLength: 32, Generated: true},
		}},
		{Name: "openai-service-secrets", Keys: []Key{
			openAIKey.named("openai-api-key"),
			{Name: "openai-org-id", Purpose: "OpenAI organization ID", Prefixes: []string{"org-"}},
		}},
	}
)

// What the database's backups need: staging's repository is a volume, production's is S3-compatible storage.
var (
	cipherPass = Key{Name: "repository-cipher-pass", Purpose: "pass phrase that encrypts the database's backups", MinLength: 32, Generated: true,
		Fixed: "the backups that it encrypted could not be read any more; for another one begin a new repository: " +
			"name another PGBACKREST_REPO1_PATH in k8s/environments, remove the key from backup-secrets, create it again, and deploy"}
	s3AccessKey = Key{Name: "s3-access-key", Purpose: "access key of the backups' S3 storage", MinLength: 16, Server: Repository}
	s3SecretKey = Key{Name: "s3-secret-key", Purpose: "secret key of the backups' S3 storage", MinLength: 20, Server: Repository}
)

func backups(keys ...Key) []Secret {
	return []Secret{{Name: "backup-secrets", Keys: keys}}
}

func (k Key) named(name string) Key {
	k.Name = name
	return k
}

// How people are told that something is wrong.
var receivers = []Secret{{Name: "alertmanager-secrets", Keys: []Key{
	{Name: "slack-webhook-url", Purpose: "Slack incoming webhook of #team-dashboard-alerts", Schemes: []string{"https"}},
	{Name: "pagerduty-routing-key", Purpose: "PagerDuty integration key (Events API v2)", MinLength: 32},
}}}
