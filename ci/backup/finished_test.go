package backup

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

func TestFinished(t *testing.T) {
	for name, test := range map[string]struct {
		all  map[string]*cluster.Object
		says []string
	}{
		"no database":     {nil, nil},
		"a database":      {map[string]*cluster.Object{"PersistentVolumeClaim/data-postgres-0": object("")}, nil},
		"restored beside": {map[string]*cluster.Object{"PersistentVolumeClaim/data-postgres-june-0": object("restore --env production --into june")}, nil},
		"being restored":  {map[string]*cluster.Object{"PersistentVolumeClaim/data-postgres-0": object("restore --env production --to-time 2026-11-23T10:00:00Z --force")}, []string{"the database of production is being restored since 2026-11-23T12:00:00Z, or that was interrupted", "finish it: dagger call restore --env production --to-time 2026-11-23T10:00:00Z --force", "give it up and go to the end of what was archived: dagger call restore --env production --latest --force"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, claim := range test.all {
				marks := claim.GetAnnotations()
				if marks != nil {
					marks[RestoreBegan] = "2026-11-23T12:00:00Z"
					claim.SetAnnotations(marks)
				}
			}
			_, err := Finished(t.Context(), objects{all: test.all}, database(t).Environment)
			assert.Equal(t, test.says == nil, err == nil, err)
			for _, say := range test.says {
				assert.ErrorContains(t, err, say)
			}
			var unfinished *UnfinishedRestoreError
			assert.Equal(t, test.says != nil, errors.As(err, &unfinished))
		})
	}
}
