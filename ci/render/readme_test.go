package render

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/flows"
)

const (
	readme   = "../../k8s/README.md"
	alerting = "../../k8s/monitoring/rules"
	// page is where the runbook links of the alerts lead to.
	page = "https://github.com/codingbutter/team-dashboard/blob/main/k8s/README.md"
)

// Whoever is woken by an alert finds under its link what to do.
func TestEveryAlertHasARunbook(t *testing.T) {
	text, err := os.ReadFile(readme)
	require.NoError(t, err)
	headings := map[string]bool{}
	for _, match := range regexp.MustCompile(`(?m)^#+ (\w+)$`).FindAllStringSubmatch(string(text), -1) {
		headings[match[1]] = true
	}
	for _, alert := range alerts(t) {
		assert.True(t, headings[alert.Alert], "%s has no heading %q", readme, alert.Alert)
		assert.Equal(t, page+"#"+strings.ToLower(alert.Alert), alert.Annotations["runbook_url"], alert.Alert)
	}
}

// The tables of k8s/README.md are made from what they are about: `go test ./ci/render -update` writes them.
func TestTheTablesOfTheReadmeSayWhatIs(t *testing.T) {
	connections, err := flows.Read("../../k8s/flows.yaml")
	require.NoError(t, err)
	tables := map[string]string{
		"secrets":          secretsTable(config.TeamDashboard()),
		"alerts":           alertsTable(alerts(t)),
		"flows":            connections.Markdown(),
		"monitoring-flows": monitoringFlows(t),
	}
	data, err := os.ReadFile(readme)
	require.NoError(t, err)
	text := string(data)
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		begin, end := "<!-- table: "+name+" -->\n", "<!-- end: "+name+" -->\n"
		before, rest, found := strings.Cut(text, begin)
		require.True(t, found, "%s has no line %s", readme, begin)
		table, after, found := strings.Cut(rest, end)
		require.True(t, found, "%s has no line %s", readme, end)
		text = before + begin + tables[name] + end + after
		if !*update {
			assert.Equal(t, tables[name], table, "run `go test ./ci/render -update` and look at the difference")
		}
	}
	if *update {
		require.NoError(t, os.WriteFile(readme, []byte(text), 0o644))
	}
}

// alert is an alerting rule of Prometheus.
type alert struct {
	Alert       string            `json:"alert"`
	For         string            `json:"for"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// alerts are those of all rule files, in the order of the kustomization.
func alerts(t *testing.T) []alert {
	t.Helper()
	files, err := filepath.Glob(alerting + "/*.yaml")
	require.NoError(t, err)
	var found []alert
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		var content struct {
			Groups []struct {
				Rules []alert `json:"rules"`
			} `json:"groups"`
		}
		require.NoError(t, yaml.Unmarshal(data, &content), file)
		for _, group := range content.Groups {
			found = append(found, slices.DeleteFunc(group.Rules, func(rule alert) bool { return rule.Alert == "" })...)
		}
	}
	require.NotEmpty(t, found, "no alerts in %s", alerting)
	return found
}

// shown is where an annotation shows a label or a value of the alert that fires. Of what it shows only sometimes, the
// table has what it shows else.
var (
	shown     = regexp.MustCompile(`{{[^}]*}}`)
	label     = regexp.MustCompile(`\$labels\.(\w+)`)
	sometimes = regexp.MustCompile(`{{ *(?:if|with) .*?(?:{{ *else *}}(.*?))?{{ *end *}}`)
)

func alertsTable(alerts []alert) string {
	var text strings.Builder
	text.WriteString("| alert | severity | for | fires when |\n|---|---|---|---|\n")
	for _, alert := range alerts {
		when := shown.ReplaceAllStringFunc(sometimes.ReplaceAllString(alert.Annotations["description"], "$1"), func(text string) string {
			if name := label.FindStringSubmatch(text); name != nil {
				return "*" + name[1] + "*"
			}
			return "…"
		})
		when = strings.ReplaceAll(strings.Join(strings.Fields(when), " "), "|", `\|`)
		fmt.Fprintf(&text, "| [%s](#%s) | %s | %s | %s |\n", alert.Alert, strings.ToLower(alert.Alert), alert.Labels["severity"], cmp.Or(alert.For, "at once"), when)
	}
	return text.String()
}
