package config_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/config"
)

func TestTeamDashboardIsValid(t *testing.T) {
	app := config.TeamDashboard()
	require.NoError(t, app.Validate())
	assert.Equal(t, []string{"dashboard", "agent-manager", "mcp-manager", "openai-service", "smoke"}, app.Images())
	assert.Equal(t, "ghcr.io/codingbutter/team-dashboard/smoke", app.Repository("smoke"))
}

func TestEnvironment(t *testing.T) {
	for _, test := range []struct{ ask, want, fails string }{
		{ask: "production", want: "production"},
		{ask: "Staging", want: "staging"},
		{ask: "STAGING", want: "staging"},
		{ask: "prod", fails: `unknown environment "prod": known are staging, production; did you mean "production"?`},
		{ask: "stagign", fails: `unknown environment "stagign": known are staging, production; did you mean "staging"?`},
		{ask: "Prodction", fails: `unknown environment "Prodction": known are staging, production; did you mean "production"?`},
		{ask: "qa", fails: `unknown environment "qa": known are staging, production`},
		{ask: "", fails: `unknown environment "": known are staging, production`},
	} {
		t.Run(test.ask, func(t *testing.T) {
			environment, err := config.TeamDashboard().Environment(test.ask)
			if test.fails != "" {
				assert.EqualError(t, err, test.fails)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.want, environment.Name)
		})
	}
}

func TestPlace(t *testing.T) {
	app := config.TeamDashboard()
	place, err := app.Place("Monitoring")
	require.NoError(t, err)
	assert.Equal(t, app.Monitoring.Secrets, place.Secrets)
	place, err = app.Place("staging")
	require.NoError(t, err)
	assert.Equal(t, "team-dashboard-staging", place.Namespace)
	_, err = app.Environment("monitoring")
	assert.Error(t, err, "nothing is deployed to the monitoring")
}

func TestService(t *testing.T) {
	app := config.TeamDashboard()
	service, err := app.Service("mcp-manager")
	require.NoError(t, err)
	assert.Equal(t, 3002, service.Port)
	_, err = app.Service("dashbord")
	assert.ErrorContains(t, err, `did you mean "dashboard"?`)
}

func TestValidate(t *testing.T) {
	for _, test := range []struct {
		says   string
		change func(*config.Application)
	}{
		{`application "Team": name is not a DNS label`, func(a *config.Application) { a.Name = "Team" }},
		{`registry "ghcr.io" is not of the form`, func(a *config.Application) { a.Registry = "ghcr.io" }},
		{`registry "ghcr.io/x/" is not of the form`, func(a *config.Application) { a.Registry = "ghcr.io/x/" }},
		{"no services", func(a *config.Application) { a.Services = nil }},
		{"no environments", func(a *config.Application) { a.Environments = nil }},
		{`smoke image "" is not`, func(a *config.Application) { a.SmokeImage = "" }},
		{`image "dashboard" is used twice`, func(a *config.Application) { a.SmokeImage = "dashboard" }},
		{`port "3000" is used twice`, func(a *config.Application) { a.Services[1].Port = 3000 }},
		{`path "/" is used twice`, func(a *config.Application) { a.Services[1].Path = "/" }},
		{`service "agent-manager": port 0 is not`, func(a *config.Application) { a.Services[1].Port = 0 }},
		{`path "api" does not begin`, func(a *config.Application) { a.Services[1].Path = "api" }},
		{`health path "/health" is not below "/api/agents"`, func(a *config.Application) { a.Services[1].HealthPath = "/health" }},
		{`environment "production" is used twice`, func(a *config.Application) { a.Environments[0].Name = "production" }},
		{`namespace "team-dashboard-prod" is used twice`, func(a *config.Application) { a.Monitoring.Namespace = "team-dashboard-prod" }},
		{`environment "monitoring" is used twice`, func(a *config.Application) { a.Environments[0].Name = "monitoring" }},
		{`monitoring: namespace "" is not`, func(a *config.Application) { a.Monitoring.Namespace = "" }},
		{`monitoring: secrets: "alertmanager-secrets" has no keys`, func(a *config.Application) { a.Monitoring.Secrets = []config.Secret{{Name: "alertmanager-secrets"}} }},
		{`namespace "team-dashboard-prod" is used twice`, func(a *config.Application) { a.Environments[0].Namespace = "team-dashboard-prod" }},
		{`host "team-dashboard.app" is used twice`, func(a *config.Application) { a.Environments[0].Hosts = []string{"team-dashboard.app"} }},
		{`environment "staging": URL "http://x" is not`, func(a *config.Application) { a.Environments[0].URL = "http://x" }},
		{`first host is not that of URL`, func(a *config.Application) { a.Environments[0].Hosts = nil }},
		{"watch -1s is negative", func(a *config.Application) { a.Environments[0].Watch = -time.Second }},
		{`health path "health" does not begin`, func(a *config.Application) { a.Environments[0].HealthPaths = []string{"health"} }},
		{"strategy: rolling has no slots", func(a *config.Application) { a.Environments[0].Slots = []string{"blue"} }},
		{"strategy: blue-green takes two slots", func(a *config.Application) { a.Environments[1].Slots = []string{"blue"} }},
		{`slot "blue" is used twice`, func(a *config.Application) { a.Environments[1].Slots = []string{"blue", "blue"} }},
		{`slot "Green" is not`, func(a *config.Application) { a.Environments[1].Slots = []string{"blue", "Green"} }},
		{`strategy: "canary" is neither`, func(a *config.Application) { a.Environments[1].Strategy = "canary" }},
		{"response time: want", func(a *config.Application) { a.Environments[1].Thresholds.ResponseTime = time.Minute }},
		{"error rate: want", func(a *config.Application) { a.Environments[1].Thresholds.ErrorRateRollback = 10 }},
		{"error window 0s", func(a *config.Application) { a.Environments[1].Thresholds.ErrorWindow = 0 }},
		{"restarts -1", func(a *config.Application) { a.Environments[1].Thresholds.Restarts = -1 }},
		{`secrets: "empty" has no keys`, func(a *config.Application) { a.Environments[0].Secrets = []config.Secret{{Name: "empty"}} }},
		{`secret "twice" is used twice`, func(a *config.Application) {
			secret := config.Secret{Name: "twice", Keys: []config.Key{{Name: "k", Purpose: "p"}}}
			a.Environments[0].Secrets = []config.Secret{secret, secret}
		}},
		{`key "a b" is not`, withKey(config.Key{Name: "a b", Purpose: "p"})},
		{`key "k" has no purpose`, withKey(config.Key{Name: "k"})},
		{`cannot be both random and`, withKey(config.Key{Name: "k", Purpose: "p", Generated: true, Prefixes: []string{"x"}})},
	} {
		t.Run(test.says, func(t *testing.T) {
			app := config.TeamDashboard()
			test.change(&app)
			assert.ErrorContains(t, app.Validate(), test.says)
		})
	}
}

func withKey(key config.Key) func(*config.Application) {
	return func(a *config.Application) {
		a.Environments[0].Secrets = []config.Secret{{Name: "s", Keys: []config.Key{key}}}
	}
}

func TestValidateReportsAllAtOnce(t *testing.T) {
	app := config.TeamDashboard()
	app.Name, app.Services[0].Port = "", 0
	err := app.Validate()
	assert.ErrorContains(t, err, "name is not")
	assert.ErrorContains(t, err, "port 0")
}

func TestRoute(t *testing.T) {
	app := config.TeamDashboard()
	for name, want := range map[string][]string{"staging": {"staging"}, "production": {"staging", "production"}} {
		environment, err := app.Environment(name)
		require.NoError(t, err)
		var got []string
		for _, e := range app.Route(environment) {
			got = append(got, e.Name)
		}
		assert.Equal(t, want, got)
	}
	assert.Empty(t, app.Route(config.Environment{Name: "elsewhere"}))
}

func TestMovingTags(t *testing.T) {
	assert.Equal(t, []string{"staging", "production", "latest"}, config.TeamDashboard().MovingTags())
}
