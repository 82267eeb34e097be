package render

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/config"
)

// No manifest names a Secret of which the page says nothing.
func TestThePageHasEverySecret(t *testing.T) {
	page, err := os.ReadFile(readme)
	require.NoError(t, err)
	named := map[string]string{}
	everything(t, func(_ *testing.T, from string, object *unstructured.Unstructured) {
		if object.GetKind() == "Secret" {
			named[object.GetName()] = from
		}
		for _, name := range secretsIn(object.Object) {
			named[name] = from
		}
	})
	require.Contains(t, named, "database-secrets")
	for name, from := range named {
		inTable, inText := "| "+name+" |", "`"+name+"`"
		assert.True(t, strings.Contains(string(page), inTable) || strings.Contains(string(page), inText), "%s of %s is not in %s", name, from, readme)
	}
}

// secretsIn finds the Secrets that a part of a manifest names, in all ways in which our kinds do.
func secretsIn(part any) (names []string) {
	switch part := part.(type) {
	case []any:
		for _, element := range part {
			names = append(names, secretsIn(element)...)
		}
	case map[string]any:
		for key, value := range part {
			switch value := value.(type) {
			case string:
				if key == "secretName" || key == "configSecret" {
					names = append(names, value)
				}
			case map[string]any:
				if name, ok := value["name"].(string); ok && (strings.HasPrefix(key, "secret") || strings.HasSuffix(key, "SecretRef") || key == "additionalScrapeConfigs") {
					names = append(names, name)
				}
			}
			names = append(names, secretsIn(value)...)
		}
	}
	return names
}

// secretsTable has a line for each key; what only some places need names them.
func secretsTable(app config.Application) string {
	var text strings.Builder
	text.WriteString("| Secret | key | what it is | a good value | where |\n|---|---|---|---|---|\n")
	type entry struct {
		secret string
		key    string
	}
	where := map[entry][]string{}
	places := append([]config.Environment{app.Monitoring.Environment()}, app.Environments...)
	for _, place := range places {
		for _, secret := range place.Secrets {
			for _, key := range secret.Keys {
				at := entry{secret.Name, key.Name}
				where[at] = append(where[at], place.Name)
			}
		}
	}
	for _, place := range slices.Backward(places) {
		for _, secret := range place.Secrets {
			for _, key := range secret.Keys {
				at := entry{secret.Name, key.Name}
				names := strings.Join(where[at], ", ")
				if len(where[at]) == len(app.Environments) {
					names = "everywhere"
				}
				if where[at] != nil {
					fmt.Fprintf(&text, "| %s | %s | %s | %s | %s |\n", secret.Name, key.Name, key.Purpose, goodValue(key), names)
				}
				delete(where, at)
			}
		}
	}
	return text.String()
}

// goodValue says how a value is told from a bad one.
func goodValue(key config.Key) string {
	var rules []string
	if len(key.Schemes) > 0 {
		rules = append(rules, strings.Join(key.Schemes, ":// or ")+"://…")
	}
	if len(key.Prefixes) > 0 {
		rules = append(rules, strings.Join(key.Prefixes, "…, ")+"…")
	}
	if key.MinLength > 0 {
		rules = append(rules, fmt.Sprintf("%d bytes or more", key.MinLength))
	}
	if key.Generated {
		rules = append(rules, "can be generated")
	}
	return strings.Join(rules, "; ")
}
