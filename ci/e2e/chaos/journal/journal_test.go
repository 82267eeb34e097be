package journal_test

import (
	"bytes"
	"compress/gzip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/e2e/chaos/journal"
)

func packed(t *testing.T, text string) map[string][]byte {
	t.Helper()
	var buffer bytes.Buffer
	writer := gzip.NewWriter(&buffer)
	_, err := writer.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	return map[string][]byte{"record": buffer.Bytes()}
}

func TestParse(t *testing.T) {
	record, err := journal.Parse(packed(t, `{"revision":7,"action":"deploy","slot":"green","step":"watch","outcome":"running",
		"release":{"version":"v2","images":{"dashboard":"example.com/dashboard@sha256:1"}},"more":true}`))
	require.NoError(t, err)
	assert.Equal(t, 7, record.Revision)
	assert.Equal(t, "watch", record.Step)
	assert.Equal(t, "v2", record.Release.Version)
	assert.True(t, record.Running())
}

func TestParseRefusesWhatIsNoRecord(t *testing.T) {
	for name, data := range map[string]map[string][]byte{
		"no key":    {},
		"no gzip":   {"record": []byte("damaged")},
		"no JSON":   packed(t, "damaged"),
		"cut short": {"record": packed(t, `{"step":"apply"}`)["record"][:12]},
		"no step":   packed(t, `{}`),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := journal.Parse(data)
			assert.Error(t, err)
		})
	}
}

func TestRevision(t *testing.T) {
	for name, want := range map[string]int{"record-12": 12, "record-0": 0, "record-x": 0, "other-3": 0, "record-": 0} {
		revision, ok := journal.Revision(name)
		assert.Equal(t, want > 0, ok, name)
		if ok {
			assert.Equal(t, want, revision, name)
		}
	}
}
