package backup

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

func server(name string) *cluster.Object {
	made := &cluster.Object{Object: map[string]any{"apiVersion": "apps/v1", "kind": "StatefulSet", "spec": map[string]any{"replicas": int64(1)}}}
	made.SetName(name)
	made.SetNamespace(production.Namespace)
	return made
}

// Where a restore goes, and what it refuses before it touches anything.
func TestDestination(t *testing.T) {
	live, unused := server("postgres"), claim("data-postgres-0", "")
	for name, test := range map[string]struct {
		objects []*cluster.Object
		request Request
		into    string
		says    string
	}{
		"beside, by its default name":     {[]*cluster.Object{live, unused}, Request{}, "postgres-restored", ""},
		"beside, by a name":               {[]*cluster.Object{live, unused}, Request{Into: "june"}, "postgres-june", ""},
		"over the live one":               {[]*cluster.Object{live, unused}, Request{Force: true}, "postgres", ""},
		"where there is none":             {nil, Request{}, "postgres", ""},
		"beside where there is none":      {nil, Request{Into: "june"}, "", "no database to restore beside"},
		"a name that is none":             {[]*cluster.Object{live, unused}, Request{Into: "No Name"}, "", "not a name"},
		"a name that is taken":            {[]*cluster.Object{live, unused, claim("data-postgres-june-0", "")}, Request{Into: "june"}, "", "the name is taken"},
		"a server without a volume":       {[]*cluster.Object{live, unused, server("postgres-june")}, Request{Into: "june"}, "", "the name is taken"},
		"what a kill left":                {[]*cluster.Object{live, unused, claim("data-postgres-june-0", "restore --env production --latest --into june")}, Request{Into: "june"}, "postgres-june", ""},
		"what another restore left":       {[]*cluster.Object{live, unused, claim("data-postgres-june-0", "restore --env production --to-time 2026-11-23T10:00:00Z --into june")}, Request{Into: "june"}, "", "finish it: dagger call restore --env production --to-time 2026-11-23T10:00:00Z --into june"},
		"a volume without its server":     {[]*cluster.Object{claim("data-postgres-0", "")}, Request{}, "", "give --force to overwrite it"},
		"its own, after a kill, in place": {[]*cluster.Object{claim("data-postgres-0", "restore --env production --latest")}, Request{}, "postgres", ""},
		"the same, its server was made":   {[]*cluster.Object{live, unused, claim("data-postgres-0", "restore --env production --latest")}, Request{}, "postgres", ""},
		"beside one over the live one":    {[]*cluster.Object{live, unused, claim("data-postgres-0", "restore --env production --latest --force")}, Request{}, "postgres-restored", ""},
		"over one over the live one":      {[]*cluster.Object{live, unused, claim("data-postgres-0", "restore --env production --to-time 2026-11-23T10:00:00Z --force")}, Request{Force: true}, "postgres", ""},
	} {
		t.Run(name, func(t *testing.T) {
			l := empty(t)
			for _, object := range test.objects {
				l.Put(object)
			}
			test.request.Target = Target{Latest: true}
			got, err := l.database().destination(t.Context(), test.request)
			if test.says != "" {
				assert.ErrorContains(t, err, test.says)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.into, got.name)
			assert.Equal(t, test.into == "postgres", got.live)
		})
	}
	_, err := empty(t).database().Restore(t.Context(), Request{Into: "june", Force: true})
	assert.ErrorContains(t, err, "--into and --force: give one of the two")
}
