package chaos

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReportsOfAFolder(t *testing.T) {
	folder := t.TempDir()
	whole, part := Report{Seed: 1}, Report{Seed: 2}
	for number := range FullRounds {
		round := reported(true, Cell{Conflict, "apply"})
		round.Number = number + 1
		whole.Rounds = append(whole.Rounds, round)
	}
	part.Rounds = whole.Rounds[3:5]
	assert.Equal(t, "report-1.json", whole.File())
	assert.Equal(t, "report-2-4-5.json", part.File())
	for _, report := range []Report{whole, part} {
		text, err := json.Marshal(report)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(folder, report.File()), text, 0o600))
	}
	reports, err := ReadReports(folder)
	require.NoError(t, err)
	assert.Equal(t, 2200, Merge(reports...).Requests)
}
