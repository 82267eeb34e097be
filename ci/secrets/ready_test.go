package secrets_test

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/secrets"
)

func TestReady(t *testing.T) {
	database := config.Secret{Name: "database", Keys: []config.Key{{Name: "url", Schemes: []string{"postgres"}}, {Name: "password", MinLength: 16}, {Name: "user"}}}
	mail := config.Secret{Name: "mail", Keys: []config.Key{{Name: "token", Purpose: "mail token"}}}
	for name, test := range map[string]struct {
		there map[string]map[string]string
		says  []string
	}{
		"all of it": {map[string]map[string]string{
			"database": {"url": "postgres://db", "password": "0123456789abcdef", "user": "shop"}, "mail": {"token": "hunter2"}}, nil},
		"nothing": {nil, []string{`in namespace "shop": missing: database (whole secret), mail (whole secret); scripts/deployment/setup-secrets.sh production create`}},
		"not all": {map[string]map[string]string{"database": {"url": "mysql://hunter2", "password": "hunter2"}, "mail": {"token": "changeme"}},
			[]string{"missing: database/user", "database/url: malformed: not a URL that begins with postgres://", "database/password: malformed: 7 bytes long, needs at least 16",
				"mail/token: placeholder", "setup-secrets.sh production create --overwrite"}},
	} {
		t.Run(name, func(t *testing.T) {
			m := newLab(t, "production")
			store := secrets.Store{Cluster: m.client.Cluster(), Environment: config.Environment{Name: "production", Namespace: "shop", Secrets: []config.Secret{database, mail}}}
			for secret, values := range test.there {
				data := map[string]any{}
				for key, value := range values {
					data[key] = base64.StdEncoding.EncodeToString([]byte(value))
				}
				object := &cluster.Object{Object: map[string]any{"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": secret, "namespace": "shop"}, "data": data}}
				m.Put(object)
			}
			detail, err := store.Ready(t.Context())
			if test.says == nil {
				require.NoError(t, err)
				assert.Equal(t, "2 secrets with 4 keys are there and serve", detail)
			}
			for _, say := range test.says {
				require.ErrorContains(t, err, say)
				assert.NotContains(t, err.Error(), "hunter2")
			}
		})
	}
}
