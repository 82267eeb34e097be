package report

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/backup"
)

var (
	full = backup.Backup{Label: "20261122-020000F", Type: "full", Start: noon.Add(-34 * time.Hour), Stop: noon.Add(-34*time.Hour + 90*time.Second),
		Size: 3 << 30, Stored: 700 << 20, WALStart: "00000001000000000000000A", WALStop: "00000001000000000000000B"}
	diff = backup.Backup{Label: "20261122-020000F_20261123-020000D", Type: "diff", Start: noon.Add(-10 * time.Hour), Stop: noon.Add(-10*time.Hour + 3*time.Second),
		Size: 3<<30 + 512<<20, Stored: 1000, WALStart: "000000010000000000000010", WALStop: "000000010000000000000010"}
	listed = backup.List{Environment: "production", Backups: []backup.Backup{full, diff}, Earliest: full.Stop, Latest: noon, Running: true}
)

func TestTextOfBackups(t *testing.T) {
	stopped := listed
	stopped.Running = false
	damaged := listed
	damaged.Backups, damaged.Damaged = []backup.Backup{full}, []backup.Backup{diff}
	for name, result := range map[string]any{
		"backup":                 backup.Made{Environment: "production", Backup: diff, Took: 4200 * time.Millisecond},
		"backup-of-another-kind": backup.Made{Environment: "production", Backup: full, Took: 90 * time.Second, Asked: "diff"},
		"backups-damaged":        damaged,
		"backups":                listed,
		"backups-stopped":        stopped,
		"backups-none":           backup.List{Environment: "staging"},
		"restored": backup.Restored{Environment: "production", Database: "postgres", Target: "2026-11-23T11:00:00Z", Backup: diff.Label,
			LastTransaction: noon.Add(-time.Hour - time.Second), Took: 75 * time.Second, Live: true},
		"restored-beside": backup.Restored{Environment: "production", Database: "postgres-june", Target: "latest", Backup: full.Label, Took: 21 * time.Second,
			Look: "kubectl exec …", Remove: "kubectl delete …"},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := Print(result, Text)
			require.NoError(t, err)
			golden(t, name, text)
		})
	}
}

func TestJSONOfBackupsHasEveryField(t *testing.T) {
	text, err := Print(listed, JSON)
	require.NoError(t, err)
	var back backup.List
	require.NoError(t, json.Unmarshal([]byte(text), &back))
	assert.Equal(t, listed, back)
	for _, field := range []string{`"label"`, `"stored"`, `"walStart"`, `"earliest"`, `"running": true`} {
		assert.Contains(t, text, field)
	}

	text, err = Print(backup.List{Environment: "staging", Backups: []backup.Backup{}}, JSON)
	require.NoError(t, err)
	assert.Contains(t, text, `"backups": []`)
	assert.NotContains(t, text, "0001-01-01", "a moment that there is not")
}
