package addons

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
)

// required are the modules that a folder of builds requires, with their versions.
func required(t *testing.T, folder string) map[string]string {
	t.Helper()
	path := filepath.Join("../../builds", folder, "go.mod")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	file, err := modfile.Parse(path, text, nil)
	require.NoError(t, err)
	versions := map[string]string{}
	for _, r := range file.Require {
		versions[r.Mod.Path] = r.Mod.Version
	}
	return versions
}

func TestEveryModuleOfDefinitionsIsKnown(t *testing.T) {
	assert.ElementsMatch(t, slices.Collect(maps.Keys(required(t, "definitions"))), slices.Collect(maps.Keys(definitions)))
}

func TestTheGatewayAPIIsTheOneOfTraefik(t *testing.T) {
	const module = "sigs.k8s.io/gateway-api"
	assert.Equal(t, required(t, "traefik")[module], required(t, "definitions")[module],
		"write Traefik's version into builds/definitions/go.mod, and run go mod download there")
}
