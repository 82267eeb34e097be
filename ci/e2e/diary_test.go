//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// diary is a client of production's database: it writes a row every tenth of a second, until the database is gone.
type diary struct {
	ended chan struct{}
	text  strings.Builder
}

// row is one of which the database said that it is committed; written is in seconds since 1970, by the database's clock.
type row struct {
	n       int
	written float64
}

// startDiary begins to write.
func startDiary(t testing.TB) *diary {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	d := &diary{ended: make(chan struct{})}
	command := exec.CommandContext(ctx, "kubectl", "-n", production, "exec", "-i", "postgres-0", "--", "psql", "-qtA", "-U", "team", "team_dashboard")
	command.Stdin = strings.NewReader("INSERT INTO diary DEFAULT VALUES RETURNING n, extract(epoch FROM written) \\watch 0.1\n")
	command.Stdout = &d.text
	require.NoError(t, command.Start())
	go func() {
		_ = command.Wait() // it ends with the database
		close(d.ended)
	}()
	return d
}

// last waits for the end, and returns the last row.
func (d *diary) last(t testing.TB) row {
	t.Helper()
	select {
	case <-d.ended:
	case <-time.After(time.Minute):
		require.Fail(t, "the database is gone, and its client writes on")
	}
	// A line that the end cut off is a row of which nobody was told.
	told := strings.Split(d.text.String(), "\n")
	require.Greater(t, len(told), 1, "nothing was written")
	return parseRow(t, told[len(told)-2])
}

func parseRow(t testing.TB, text string) (r row) {
	t.Helper()
	_, err := fmt.Sscanf(text, "%d|%g", &r.n, &r.written)
	require.NoError(t, err, text)
	return r
}
