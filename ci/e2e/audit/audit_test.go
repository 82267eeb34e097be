package audit_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/e2e/audit"
)

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	_, err = file.WriteString(text)
	require.NoError(t, err)
	require.NoError(t, file.Close())
}

func line(verb string) string { return fmt.Sprintf("{\"verb\":%q}\n", verb) }

func verbs(t *testing.T, log *audit.Log) []string {
	t.Helper()
	entries, err := log.Read()
	require.NoError(t, err)
	var all []string
	for _, entry := range entries {
		all = append(all, entry.Verb)
	}
	return all
}

// The log is begun anew in one of some runs: without this test, nobody would see for days that a part is missed.
func TestReadGoesOnWhereTheLogIsBegunAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	appendTo(t, path, line("before"))
	log, err := audit.Open(path)
	require.NoError(t, err)
	defer log.Close()
	appendTo(t, path, line("get"))
	require.NoError(t, os.Rename(path, path+".1"))
	appendTo(t, path, line("patch")+line("list"))
	assert.Equal(t, []string{"get", "patch", "list"}, verbs(t, log))
	appendTo(t, path, line("delete"))
	assert.Equal(t, []string{"delete"}, verbs(t, log))
}

func TestReadWaitsForTheEndOfALine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	appendTo(t, path, "")
	log, err := audit.Open(path)
	require.NoError(t, err)
	defer log.Close()
	appendTo(t, path, line("get")+`{"verb":"pa`)
	assert.Equal(t, []string{"get"}, verbs(t, log))
	appendTo(t, path, "tch\"}\n")
	assert.Equal(t, []string{"patch"}, verbs(t, log))
}

func TestWrites(t *testing.T) {
	write := audit.Entry{Stage: "ResponseComplete", Verb: "patch", ObjectRef: &audit.Object{Resource: "services"}}
	write.ResponseStatus.Code = 200
	changed := func(change func(*audit.Entry)) audit.Entry {
		entry := write
		change(&entry)
		return entry
	}
	tests := map[string]struct {
		entry audit.Entry
		want  bool
	}{
		"a patch":    {write, true},
		"a read":     {changed(func(e *audit.Entry) { e.Verb = "get" }), false},
		"a conflict": {changed(func(e *audit.Entry) { e.ResponseStatus.Code = 409 }), false},
		"a question": {changed(func(e *audit.Entry) {
			e.ObjectRef = &audit.Object{APIGroup: "authorization.k8s.io", Resource: "selfsubjectaccessreviews"}
		}), false},
		"a dry run":            {changed(func(e *audit.Entry) { e.RequestURI = "/api/v1/x?dryRun=All" }), false},
		"only begun to answer": {changed(func(e *audit.Entry) { e.Stage = "ResponseStarted" }), false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { assert.Equal(t, test.want, test.entry.Writes()) })
	}
}
