package backup

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

func TestFinished(t *testing.T) {
	for name, test := range map[string]struct {
		claim *cluster.Object
		says  []string
	}{
		"no database":     {nil, nil},
		"a database":      {claim("data-postgres-0", ""), nil},
		"restored beside": {claim("data-postgres-june-0", "restore --env production --into june"), nil},
		"being restored":  {claim("data-postgres-0", "restore --env production --to-time 2026-11-23T10:00:00Z --force"), []string{"the database of production is being restored since 2026-11-23T12:00:00Z, or that was interrupted", "finish it: dagger call restore --env production --to-time 2026-11-23T10:00:00Z --force", "give it up and go to the end of what was archived: dagger call restore --env production --latest --force"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := empty(t)
			if test.claim != nil {
				l.Put(test.claim)
			}
			_, err := Finished(t.Context(), l.client.Cluster(), production)
			assert.Equal(t, test.says == nil, err == nil, err)
			for _, say := range test.says {
				assert.ErrorContains(t, err, say)
			}
			var unfinished *UnfinishedRestoreError
			assert.Equal(t, test.says != nil, errors.As(err, &unfinished))
		})
	}
}
