package flows_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/flows"
)

func read(t *testing.T, text string) (flows.Table, error) {
	path := filepath.Join(t.TempDir(), "flows.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return flows.Read(path)
}

func TestTheTableOfTheRepositoryIsReadable(t *testing.T) {
	table, err := flows.Read("../../k8s/flows.yaml")
	require.NoError(t, err)
	assert.Contains(t, table.Markdown(), "| services | services of the same slot | http | everywhere |")
}

func TestReadSaysWhatIsWrong(t *testing.T) {
	for text, says := range map[string]string{
		"- {from: [a], to: b, port: 1, why: x, slot: same}":           `unknown field "slot"`,
		"- {from: [a], to: b, port: 1, why: x}\n- {from: [a], to: b}": "flow 2 needs",
	} {
		_, err := read(t, text)
		assert.ErrorContains(t, err, says)
	}
}

func TestAllows(t *testing.T) {
	table, err := read(t, `
- {from: [services], to: services, port: http, sameSlot: true, why: calls}
- {from: [backup], to: storage, port: 9000, environments: [production], why: backups}
`)
	require.NoError(t, err)
	service := func(name, slot string) flows.End { return flows.End{Name: name, Group: "services", Slot: slot} }
	backup, storage := flows.End{Name: "backup"}, flows.End{Name: "storage"}
	for _, c := range []struct {
		environment string
		from, to    flows.End
		port        string
		allowed     bool
	}{
		{"staging", service("a", ""), service("b", ""), "http", true},
		{"production", service("a", "blue"), service("b", "blue"), "http", true},
		{"production", service("a", "blue"), service("b", "green"), "http", false},
		{"production", service("a", "blue"), service("b", "blue"), "9229", false},
		{"production", backup, service("b", "blue"), "http", false},
		{"production", backup, storage, "9000", true},
		{"production", storage, backup, "9000", false},
		{"staging", backup, storage, "9000", false},
	} {
		assert.Equal(t, c.allowed, table.Allows(c.environment, c.from, c.to, c.port), "%s: %s to %s:%s", c.environment, c.from, c.to, c.port)
	}
}
