package render

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/release"
)

var update = flag.Bool("update", false, "write the golden files of testdata instead of comparing with them")

// manifests is the repository's own folder: what is tested is what is deployed.
const manifests = "../../k8s"

func testRelease() release.Release {
	app := config.TeamDashboard()
	images := map[string]string{}
	for i, name := range app.Images() {
		images[name] = app.Repository(name) + "@sha256:" + strings.Repeat(string(rune('a'+i)), 64)
	}
	return release.Release{Version: "20261123T101530-1a2b3c4", Images: images}
}

func options(t *testing.T, environment string, layer LayerName, slot string) Options {
	t.Helper()
	app := config.TeamDashboard()
	found, err := app.Environment(environment)
	require.NoError(t, err)
	return Options{Dir: manifests, Application: app, Environment: found, Layer: layer, Slot: slot, Release: testRelease()}
}

func rendered(t *testing.T, environment string, layer LayerName, slot string) []*unstructured.Unstructured {
	t.Helper()
	objects, err := Layer(context.Background(), options(t, environment, layer, slot))
	require.NoError(t, err)
	return objects
}

// layers are all that a deploy ever renders.
var layers = []struct {
	name, environment string
	layer             LayerName
	slot              string
}{
	{"staging-platform", "staging", Platform, ""},
	{"staging-data", "staging", Data, ""},
	{"staging-slot", "staging", Slot, ""},
	{"production-platform", "production", Platform, ""},
	{"production-data", "production", Data, ""},
	{"production-blue", "production", Slot, "blue"},
	{"production-green", "production", Slot, "green"},
}

// twins are held to be like another layer by tests of their own.
var twins = []string{"production-data", "production-green"}

func TestLayerGivesTheGoldenManifests(t *testing.T) {
	for _, test := range layers {
		if slices.Contains(twins, test.name) {
			continue
		}
		t.Run(test.name, func(t *testing.T) {
			got := YAML(rendered(t, test.environment, test.layer, test.slot))
			golden := filepath.Join("testdata", test.name+".yaml")
			if *update {
				require.NoError(t, os.WriteFile(golden, got, 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), string(got), "run `go test ./ci/render -update` and look at the difference")
		})
	}
}

func TestBlueAndGreenDifferOnlyInTheSlot(t *testing.T) {
	hash := regexp.MustCompile(`slot-config-(blue|green)-[a-z0-9]{10}`)
	plain := func(slot string) string {
		text := hash.ReplaceAllString(string(YAML(rendered(t, "production", Slot, slot))), "slot-config-$1")
		return strings.ReplaceAll(text, slot, "SLOT")
	}
	assert.Equal(t, plain("blue"), plain("green"))
}

// Only where the backups go is an environment's own.
func TestDataIsTheSameInBothEnvironments(t *testing.T) {
	plain := func(environment string) string {
		objects := slices.DeleteFunc(rendered(t, environment, Data, ""), func(object *unstructured.Unstructured) bool {
			return strings.HasPrefix(object.GetName(), "repository-config-") || object.GetName() == "postgres-backups"
		})
		text := strings.ReplaceAll(string(YAML(objects)), options(t, environment, Data, "").Environment.Namespace, "NAMESPACE")
		return repositoryLines.ReplaceAllString(text, "")
	}
	assert.Equal(t, plain("staging"), plain("production"))
}

// repositoryLines are what the two kinds of repository add to a pod.
var repositoryLines = regexp.MustCompile(`(?m)^ *- key: s3-.*\n.*\n|^ *- mountPath: /var/lib/pgbackrest\n.*\n|^ *- name: repository\n.*\n *claimName: postgres-backups\n|^ *name: repository-config-.*\n`)

func TestLayerNamesTheRelease(t *testing.T) {
	for _, object := range rendered(t, "production", Slot, "green") {
		assert.Equal(t, "20261123T101530-1a2b3c4", object.GetLabels()[VersionLabel], describe(object))
		switch object.GetKind() {
		case "ConfigMap":
			data, _, _ := unstructured.NestedStringMap(object.Object, "data")
			assert.Equal(t, map[string]string{
				"RELEASE": "20261123T101530-1a2b3c4", "SLOT": "green", "SLOT_SUFFIX": "-green", "ENVIRONMENT": "production",
			}, data)
		case "Deployment":
			labels, _, _ := unstructured.NestedStringMap(object.Object, "spec", "template", "metadata", "labels")
			assert.Equal(t, "20261123T101530-1a2b3c4", labels[VersionLabel], describe(object))
			assert.Equal(t, testRelease().Images[labels[AppLabel]], containers(object)[0]["image"])
		}
	}
}

func TestLayerPinsImagesOfAnotherRegistry(t *testing.T) {
	o := options(t, "staging", Slot, "")
	for name := range o.Release.Images {
		o.Release.Images[name] = "registry.example/mirror/" + name + "@sha256:" + strings.Repeat("0", 64)
	}
	objects, err := Layer(context.Background(), o)
	require.NoError(t, err)
	assert.NotContains(t, string(YAML(objects)), "ghcr.io")
}

func TestANewReleaseChangesTheNameOfTheConfiguration(t *testing.T) {
	o := options(t, "staging", Slot, "")
	before, err := Layer(context.Background(), o)
	require.NoError(t, err)
	o.Release.Version = "v2.0.0"
	after, err := Layer(context.Background(), o)
	require.NoError(t, err)
	assert.NotEqual(t, named(t, before, "ConfigMap"), named(t, after, "ConfigMap"))
}

// named are the names of the objects of one kind, in order.
func named(t *testing.T, objects []*unstructured.Unstructured, kind string) []string {
	t.Helper()
	var names []string
	for _, object := range objects {
		if object.GetKind() == kind {
			names = append(names, object.GetName())
		}
	}
	require.NotEmpty(t, names, kind)
	return names
}

func TestLayerRefusesOptions(t *testing.T) {
	tests := []struct {
		name  string
		layer LayerName
		slot  string
		edit  func(*Options)
		want  string
	}{
		{"unknown layer", "monitor", "", nil, `rendering "monitor": no layer of that name; known are ["platform" "data" "slot"]`},
		{"no slot", Slot, "", nil, `slot "" is unknown; known are blue, green`},
		{"unknown slot", Slot, "red", nil, `rendering the slot layer of production: slot "red" is unknown; known are blue, green`},
		{"a slot where there is none", Slot, "blue", func(o *Options) { o.Environment.Slots = nil }, "production has no slots"},
		{"no release", Slot, "blue", func(o *Options) { o.Release = release.Release{} }, "no release given"},
		{"no application", Slot, "blue", func(o *Options) { o.Application = config.Application{} }, "no application given"},
		{"no such folder", Platform, "", func(o *Options) { o.Dir = "testdata/none" }, `reading the manifests of "testdata/none"`},
		{"another folder", Platform, "", func(o *Options) { o.Dir = "testdata" }, `"testdata" has no environments/production/platform/kustomization.yaml; give the folder of the manifests`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := options(t, "production", test.layer, test.slot)
			if test.edit != nil {
				test.edit(&o)
			}
			objects, err := Layer(context.Background(), o)
			assert.ErrorContains(t, err, test.want)
			assert.Empty(t, objects)
		})
	}
}

func TestLayerStopsWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Layer(ctx, options(t, "staging", Platform, ""))
	assert.ErrorIs(t, err, context.Canceled)
}

func TestLayerNamesTheKustomizationThatDoesNotBuild(t *testing.T) {
	o := options(t, "production", Slot, "green")
	o.Dir = edited(t, "environments/production/slots/green/kustomization.yaml", "../../../../workloads", "../../../../workload")
	_, err := Layer(context.Background(), o)
	assert.ErrorContains(t, err, "rendering the green slot of production")
	assert.ErrorContains(t, err, "environments/production/slots/green` shows the same")
}

// edited is a copy of the manifests with one text replaced in one file.
func edited(t *testing.T, path, from, to string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(manifests)))
	path = filepath.Join(dir, path)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(data), from)
	require.NoError(t, os.WriteFile(path, []byte(strings.ReplaceAll(string(data), from, to)), 0o644))
	return dir
}
