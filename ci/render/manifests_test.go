package render

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

func TestManifestsBuildToTheSameObjects(t *testing.T) {
	tests := []struct{ environment, slot string }{
		{"staging", ""},
		{"production", "blue"},
		{"production", "green"},
	}
	for _, test := range tests {
		t.Run(test.environment+test.slot, func(t *testing.T) {
			folder, err := Manifests(context.Background(), options(t, test.environment, "", test.slot), byDigest)
			require.NoError(t, err)
			files := filesys.MakeFsInMemory()
			for path, content := range folder {
				require.NoError(t, files.WriteFile("/out/"+path, content))
			}
			for _, layer := range Layers {
				got, err := build(files, "/out/"+string(layer))
				require.NoError(t, err)
				want := rendered(t, test.environment, layer, test.slot)
				if layer == Platform {
					selectSlot(want, test.slot)
				}
				require.NoError(t, Pin(t.Context(), want, byDigest))
				assert.Equal(t, string(YAML(want)), string(YAML(got)))
			}
			_, err = build(files, "/out")
			assert.NoError(t, err)
		})
	}
}

// byDigest is a registry that has every image.
func byDigest(_ context.Context, image string) (string, error) { return image + "@sha256:0123", nil }

func TestManifestsTurnTheStableServicesToTheSlot(t *testing.T) {
	folder, err := Manifests(context.Background(), options(t, "production", "", "green"), byDigest)
	require.NoError(t, err)
	assert.Contains(t, string(folder["platform/service-dashboard.yaml"]), "  selector:\n    app: dashboard\n    team-dashboard.app/slot: green\n")

	folder, err = Manifests(context.Background(), options(t, "staging", "", ""), byDigest)
	require.NoError(t, err)
	assert.NotContains(t, string(folder["platform/service-dashboard.yaml"]), SlotLabel)
}

// Every kustomization of the repository builds as it stands, without a pipeline.
func TestEveryKustomizationBuilds(t *testing.T) {
	files, err := load(manifests)
	require.NoError(t, err)
	for _, folder := range kustomizations(t) {
		_, err := build(files, filepath.Join(root, folder))
		assert.NoError(t, err, folder)
	}
}

// kustomizations are the folders that build by themselves; a component builds only over what it is a component of.
func kustomizations(t *testing.T) []string {
	t.Helper()
	var folders []string
	require.NoError(t, filepath.WalkDir(manifests, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.Name() != "kustomization.yaml" {
			return err
		}
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		folder, err := filepath.Rel(manifests, filepath.Dir(path))
		require.NoError(t, err)
		if !strings.Contains(string(text), "\nkind: Component\n") {
			folders = append(folders, folder)
		}
		return nil
	}))
	require.NotEmpty(t, folders)
	return folders
}

// What `kubectl apply -k` of a whole environment applies is what its layers are.
func TestAnEnvironmentIsItsLayers(t *testing.T) {
	files, err := load(manifests)
	require.NoError(t, err)
	for environment, slot := range map[string]string{"staging": "slot", "production": "slots/blue"} {
		whole, err := build(files, root+"/environments/"+environment)
		require.NoError(t, err)
		var parts []*unstructured.Unstructured
		for _, layer := range []string{"platform", "data", slot} {
			objects, err := build(files, root+"/environments/"+environment+"/"+layer)
			require.NoError(t, err)
			parts = append(parts, objects...)
		}
		assert.ElementsMatch(t, parts, whole)
	}
}
