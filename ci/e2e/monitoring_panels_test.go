//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// query is one of a dashboard's: of a panel, an annotation or a variable.
type query struct {
	title, expr string
	// past says that it may have had something to show a while ago.
	past bool
}

// variables are what a person has chosen, and what Grafana fills in: production, everything in it, the last 5 minutes.
var variables = strings.NewReplacer("$namespace", production, "$slot", ".*", "$service", ".*", "$__rate_interval", "30s", "$__range", "5m")

// queries are all of all dashboards.
func queries(t *testing.T) []query {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(repository(t), "k8s/monitoring/grafana/dashboards/*.json"))
	require.NoError(t, err)
	require.Len(t, files, 5)
	var all []query
	for _, file := range files {
		var board struct {
			Title  string
			Panels []struct {
				Title   string
				Targets []struct{ Expr string }
			}
			Annotations struct {
				List []struct{ Name, Expr string }
			}
			Templating struct {
				List []struct{ Name, Definition string }
			}
		}
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(data, &board), file)
		for _, panel := range board.Panels {
			for _, target := range panel.Targets {
				all = append(all, query{board.Title + ", " + panel.Title, variables.Replace(target.Expr), false})
			}
		}
		for _, annotation := range board.Annotations.List {
			all = append(all, query{board.Title + ", annotation " + annotation.Name, variables.Replace(annotation.Expr), true})
		}
		for _, variable := range board.Templating.List {
			all = append(all, query{board.Title + ", variable " + variable.Name, ofVariable(t, variable.Definition), false})
		}
	}
	require.Greater(t, len(all), 80)
	return all
}

var labelValues = regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)

// ofVariable is a query that shows something when Grafana's label_values does.
func ofVariable(t *testing.T, definition string) string {
	parts := labelValues.FindStringSubmatch(definition)
	require.NotNil(t, parts, definition)
	return fmt.Sprintf(`count by (%s) (%s) and on () (count(%[2]s) > 0)`, parts[2], variables.Replace(parts[1]))
}

func panelsShow(t *testing.T, prometheus string) {
	left := queries(t)
	soon(t, "panels without data", func() string {
		left = slices.DeleteFunc(left, func(q query) bool { return shows(t, prometheus, q) })
		text := ""
		for _, q := range left {
			text += "\n" + q.title + ": " + q.expr
		}
		return text
	})
}

// shows reports whether there is a number in the query's answer.
func shows(t *testing.T, prometheus string, q query) bool {
	t.Helper()
	path := "/api/v1/query?query=" + url.QueryEscape(q.expr)
	if q.past {
		now := time.Now()
		path = fmt.Sprintf("/api/v1/query_range?query=%s&start=%d&end=%d&step=5", url.QueryEscape(q.expr), now.Add(-5*time.Minute).Unix(), now.Unix())
	}
	var data struct {
		Result []struct {
			Value  []any   `json:"value"`
			Values [][]any `json:"values"`
		} `json:"result"`
	}
	ask(t, prometheus, path, &data)
	for _, series := range data.Result {
		for _, sample := range append(series.Values, series.Value) {
			if len(sample) == 2 && sample[1] != "NaN" {
				return true
			}
		}
	}
	return false
}

// forwarded opens a port of this machine to a Service of the monitoring, and returns its URL.
func forwarded(t *testing.T, service string, port int) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, "kubectl", "-n", watching, "port-forward", "service/"+service, fmt.Sprintf(":%d", port))
	out, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() { stop(); _ = command.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	_, address, _ := strings.Cut(line, "Forwarding from ") // Forwarding from 127.0.0.1:41234 -> 9090
	address, _, _ = strings.Cut(address, " ")
	return "http://" + address
}
