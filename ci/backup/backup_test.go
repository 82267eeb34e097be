package backup

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What backup.sh printed on the lab, shortened: a log line, then the list.
const output = `2026-11-23 10:56:15.646 P00   INFO: backup command end: completed successfully (1944ms)
{"stanzas":[{"backup":[{"archive":{"start":"000000010000000000000002","stop":"000000010000000000000003"},"error":false,` +
	`"info":{"delta":31212808,"repository":{"delta":3742592,"size":3742592},"size":31212808},"label":"20261123-105613F",` +
	`"timestamp":{"start":1795431373,"stop":1795431375},"type":"full"},{"error":true,"label":"broken","timestamp":{"start":1,"stop":2},"type":"full"},` +
	`{"archive":{"start":"000000010000000000000005","stop":"000000010000000000000005"},"error":false,"label":"20261123-105613F_20261123-110000D",` +
	`"timestamp":{"start":1795431600,"stop":1795431602},"type":"diff"}],"status":{"code":0,"message":"ok"}}],` +
	`"archived":{"000000010000000000000006-a6.zst":{"type":"file","size":736,"time":1795431700}},"running":false}
`

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func at(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }

func TestTheListIsReadFromTheLastLine(t *testing.T) {
	list, err := empty(t).database().parse(output)
	require.NoError(t, err)
	require.Len(t, list.Backups, 2, "a backup with wrong pages is none")
	require.Len(t, list.Damaged, 1)
	assert.Equal(t, "broken", list.Damaged[0].Label)
	assert.Equal(t, Backup{Label: "20261123-105613F", Type: "full", Start: at(1795431373), Stop: at(1795431375), Size: 31212808, Stored: 3742592,
		WALStart: "000000010000000000000002", WALStop: "000000010000000000000003"}, list.Backups[0])
	assert.Equal(t, at(1795431375), list.Earliest)
	assert.Equal(t, at(1795431700), list.Latest, "the last archived segment")

	none, err := empty(t).database().parse(`{"stanzas":[{"backup":[],"status":{"code":2,"message":"no valid backups"}}],"archived":{},"running":true}`)
	require.NoError(t, err)
	assert.Equal(t, []Backup{}, none.Backups, "an empty list for machines, not null")
	assert.Zero(t, none.Latest)

	_, err = empty(t).database().parse(`{"stanzas":[{"status":{"code":99,"message":"other"}}],"archived":{},"running":true}`)
	assert.ErrorContains(t, err, "cannot be read: other")
	// As pgBackRest 2.54 says it of a storage where nobody listens.
	_, err = empty(t).database().parse(`{"stanzas":[{"status":{"code":99,"message":"other"},"repo":[{"status":{"code":99,` +
		`"message":"[HostConnectError] unable to connect to 's3:9000': [111] Connection refused\n    [HostConnectError] on 2 retries"}}]}],"archived":{},"running":true}`)
	require.ErrorContains(t, err, "cannot be read: [HostConnectError] unable to connect to 's3:9000': [111] Connection refused; check where")
	assert.NotContains(t, err.Error(), "\n")
	_, err = empty(t).database().parse("2026 P00  ERROR: [095]: unable to decrypt\nbye")
	assert.ErrorContains(t, err, "[095]: unable to decrypt")
}

func TestParseTarget(t *testing.T) {
	target, err := ParseTarget("2026-11-23T12:00:00.5+02:00", false, now)
	require.NoError(t, err)
	assert.Equal(t, "2026-11-23 10:00:00.5+00", target.postgres())
	for _, test := range []struct {
		time   string
		latest bool
		says   string
	}{
		{"", false, "--to-time and --latest: give one of the two"},
		{"2026-11-23T10:00:00Z", true, "--to-time and --latest: give one of the two"},
		{"yesterday", false, `--to-time "yesterday": not a time`},
		{"2026-11-23 10:00:00", false, "with its zone"},
		{"2026-11-23T12:00:01Z", false, "lies in the future"},
	} {
		_, err := ParseTarget(test.time, test.latest, now)
		assert.ErrorContains(t, err, test.says)
	}
}

func TestOnlyWhatTheBackupsReachIsRestored(t *testing.T) {
	list, err := empty(t).database().parse(output)
	require.NoError(t, err)
	for _, test := range []struct {
		target  Target
		serving []string
		says    string
	}{
		{target: Target{Latest: true}, serving: []string{"20261123-105613F_20261123-110000D", "20261123-105613F"}},
		{target: Target{Time: at(1795431650)}, serving: []string{"20261123-105613F_20261123-110000D", "20261123-105613F"}},
		{target: Target{Time: at(1795431500)}, serving: []string{"20261123-105613F"}},
		{target: Target{Time: at(1795431375)}, says: "reach from after 2026-11-23T10:56:15Z to 2026-11-23T11:01:40Z"},
		{target: Target{Time: at(1795431701)}, says: "or --latest"},
	} {
		err := list.within(test.target)
		if test.says != "" {
			assert.ErrorContains(t, err, test.says)
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, test.serving, list.serving(test.target))
	}
	assert.ErrorContains(t, List{Environment: "production"}.within(Target{Latest: true}), "has no backup yet")
}
