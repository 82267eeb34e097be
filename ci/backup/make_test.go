package backup

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/cluster/clustertest"
)

const (
	madeDiff = "P00   INFO: new backup label = 20261123-105613F_20261123-110000D\n"
	wrong    = "P00   WARN: invalid page checksum found in file /var/lib/postgresql/data/pgdata/base/16384/2601 at page 0\n" +
		"P00   WARN: page misalignment in file /var/lib/postgresql/data/pgdata/base/16384/2602: file size 1 is not divisible by page size 8192\n"
)

// Only a backup that is there, and in which nothing is wrong, is told as one; never the one before it.
func TestOnlyASoundBackupIsOne(t *testing.T) {
	for name, test := range map[string]struct {
		kind   string
		made   clustertest.Ran
		listed string
		asked  string
		says   []string
	}{
		"a good one": {kind: "diff", made: clustertest.Ran{Log: madeDiff}},
		"a diff that became full": {kind: "diff", made: clustertest.Ran{Log: "P00   WARN: no prior backup exists, diff backup has been changed to full\nP00   INFO: new backup label = 20261123-105613F\n"},
			asked: "diff"},
		"wrong pages": {kind: "full", made: clustertest.Ran{Log: wrong + "P00   INFO: new backup label = broken\n"},
			says: []string{"making a full backup of production: backup broken holds pages with wrong checksums: invalid page checksum found in file", "2601 at page 0, and 1 more",
				"20261123-105613F_20261123-110000D is the last backup without them"}},
		"wrong pages in the only one": {kind: "full", made: clustertest.Ran{Log: wrong + "P00   INFO: new backup label = broken\n"},
			listed: `{"stanzas":[{"backup":[{"error":true,"label":"broken","timestamp":{"start":1,"stop":2},"type":"full"}],"status":{"code":0,"message":"ok"}}],"archived":{},"running":true}`,
			says:   []string{"backup broken", "there is no earlier backup without them"}},
		"wrong pages, as backup.sh tells it": {kind: "full", made: clustertest.Ran{Log: wrong + "ERROR: backup broken holds pages with wrong checksums\n", ExitCode: 65},
			says: []string{"backup broken holds pages with wrong checksums: invalid page checksum found in file", "look at its disk"}},
		"no new label":    {kind: "full", made: clustertest.Ran{Log: "P00   INFO: backup command end: aborted\n"}, says: []string{"pgBackRest names no new backup"}},
		"expired at once": {kind: "full", made: clustertest.Ran{Log: "P00   INFO: new backup label = 20261124-000000F\n"}, says: []string{"does not hold backup 20261124-000000F", "RETENTION"}},
		"a failure":       {kind: "full", made: clustertest.Ran{Log: "P00  ERROR: [082]: WAL segment was not archived before the 60000ms timeout\n", ExitCode: 82}, says: []string{"[082]: WAL segment was not archived"}},
		"a stanza with errors": {kind: "full", made: clustertest.Ran{Log: madeDiff}, listed: `{"stanzas":[{"status":{"code":5,"message":"database mismatch across repos"}}],"archived":{},"running":true}`,
			says: []string{"database mismatch across repos"}},
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, running, func(t *testing.T, l *lab) {
				l.made = test.made
				if test.listed != "" {
					l.listed = test.listed
				}
				made, err := l.database().Backup(t.Context(), test.kind)
				for _, say := range test.says {
					require.ErrorContains(t, err, say)
					assert.NotContains(t, err.Error(), "\n")
				}
				if test.says == nil {
					require.NoError(t, err)
					assert.Contains(t, test.made.Log, "label = "+made.Backup.Label+"\n")
					assert.Equal(t, test.asked, made.Asked)
				}
			})
		})
	}
}

// The nightly backups have nobody but their exit code to tell.
func TestTheScriptFailsForWrongPages(t *testing.T) {
	for name, test := range map[string]struct {
		info, says string
		code       int
	}{
		"good":          {info: `[{"backup":[{"error":true,"info":{},"label":"1F"},{"error":false,"info":{"size":1},"label":"2F"}]}]`},
		"wrong pages":   {info: `[{"backup":[{"error":false,"info":{},"label":"1F"},{"error":true,"info":{"size":1},"label":"2F"}]}]`, says: "ERROR: backup 2F holds pages with wrong checksums", code: 65},
		"no repository": {info: "", code: 1},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			pgbackrest := "#!/bin/bash\ncase $* in *info*) [[ -n $INFO ]] || exit 99; echo \"$INFO\" ;; *repo-ls*) echo '{}' ;; esac\n"
			for file, content := range map[string]string{"pgbackrest": pgbackrest, "pg_isready": "#!/bin/bash\n"} {
				require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte(content), 0o700))
			}
			command := exec.Command("/bin/bash", "../../k8s/data/postgres/config/backup.sh", "full")
			command.Env = []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "POSTGRES_URL=postgres://app:secret@postgres/app", "PGDATA=" + dir + "/pgdata",
				"PGBACKREST_STANZA=main", "INFO=" + test.info}
			printed, err := command.Output()
			assert.Equal(t, test.code == 0, err == nil, "%v", err)
			if test.code == 65 {
				assert.Equal(t, 65, command.ProcessState.ExitCode())
			}
			lines := strings.Split(strings.TrimSpace(string(printed)), "\n")
			assert.Contains(t, string(printed), test.says)
			if test.info != "" {
				assert.Contains(t, lines[len(lines)-1], `"running":true`, "the list comes last, whatever the backup is like")
			}
		})
	}
}
