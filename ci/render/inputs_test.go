package render

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/codingbutter/team-dashboard/ci/config"
)

func TestACheckoutOfGitForWindowsRendersTheSame(t *testing.T) {
	attributes, err := os.ReadFile("../../.gitattributes")
	require.NoError(t, err)
	windows := checkedOut(t, map[string]string{".gitattributes": string(attributes)})
	for _, test := range layers {
		o := options(t, test.environment, test.layer, test.slot)
		o.Dir = windows
		got, err := Layer(context.Background(), o)
		require.NoError(t, err, test.name)
		assert.Equal(t, string(YAML(rendered(t, test.environment, test.layer, test.slot))), string(YAML(got)), test.name)
	}
	for _, image := range config.TeamDashboard().DataImages {
		tag := func(dir string) string {
			dockerfile, err := os.ReadFile(filepath.Join(dir, "dockerfiles/Dockerfile."+image.Name))
			require.NoError(t, err)
			return image.Tag(dockerfile)
		}
		assert.Equal(t, tag(manifests), tag(windows))
	}
}

func TestACheckoutWithWindowsLineEndsIsRefusedByTheNamesOfItsFiles(t *testing.T) {
	windows := checkedOut(t, nil)
	o := options(t, "staging", Data, "")
	o.Dir = windows
	_, err := Layer(context.Background(), o)
	for _, file := range []string{"postgres/config/start.sh", "postgres/config/pg_hba.conf", "redis/redis.conf"} {
		assert.ErrorContains(t, err, "k8s/data/"+file+":1")
	}
	// What is YAML throughout means the same.
	o.Layer = Platform
	got, err := Layer(context.Background(), o)
	require.NoError(t, err)
	assert.Equal(t, string(YAML(rendered(t, "staging", Platform, ""))), string(YAML(got)))
	_, err = Kustomization(context.Background(), windows, "monitoring")
	assert.ErrorContains(t, err, "k8s/monitoring/prometheus/prometheus.yml:1")
	assert.ErrorContains(t, err, "Windows line ends (CRLF)")
}

// checkedOut are the manifests, and more files beside them, as Git for Windows checks them out.
func checkedOut(t *testing.T, more map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	origin, clone := filepath.Join(folder, "origin"), filepath.Join(folder, "clone")
	require.NoError(t, os.CopyFS(filepath.Join(origin, "k8s"), os.DirFS(manifests)))
	lay(t, origin, more)
	for _, args := range [][]string{
		{"init", "--quiet", origin},
		{"-C", origin, "add", "--all"},
		{"-C", origin, "-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "--quiet", "--message", "x"},
		{"-c", "core.autocrlf=true", "-c", "core.eol=crlf", "clone", "--quiet", origin, clone},
	} {
		command := exec.Command("git", args...)
		command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
		out, err := command.CombinedOutput()
		require.NoError(t, err, "git %v\n%s", args, out)
	}
	return filepath.Join(clone, "k8s")
}

// lay writes files below a folder, by their paths.
func lay(t *testing.T, folder string, files map[string]string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		file := filepath.Join(folder, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		if to, isLink := strings.CutPrefix(files[name], "link: "); isLink {
			require.NoError(t, os.Symlink(to, file))
			continue
		}
		require.NoError(t, os.WriteFile(file, []byte(files[name]), 0o644))
	}
}

const object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"

// Each folder app is built as the pipeline does and as kustomize does on a disk, which is what kubectl does.
func TestKustomizationsMeanWhatKubectlMakesOfThem(t *testing.T) {
	windows := "\ufeff" + strings.ReplaceAll("resources: [object.yaml]\n\npatches:\n- path: patch.yaml\n", "\n", "\r\n")
	for name, test := range map[string]struct {
		files map[string]string
		// fails is what both say.
		fails string
	}{
		"a link to a file of the folder": {files: map[string]string{
			"app/kustomization.yaml": "resources: [link.yaml]\nconfigMapGenerator: [{name: z, files: [link.yaml]}]\n",
			"app/link.yaml":          "link: sub/object.yaml", "app/sub/object.yaml": object}},
		"a link to a file of another kustomization": {files: map[string]string{
			"app/kustomization.yaml": "resources: [link.yaml]\n", "app/link.yaml": "link: ../base/object.yaml", "base/object.yaml": object},
			fails: "is not in or below"},
		"a link to a base, which has a base": {files: map[string]string{
			"app/kustomization.yaml":        "resources: [base]\n",
			"app/base":                      "link: ../else/where",
			"else/where/object.yaml":        object,
			"else/where/sub/more.yml":       strings.Replace(object, "x", "y", 1),
			"else/where/kustomization.yaml": "resources: [object.yaml, ../more]\n",
			"else/more/kustomization.yaml":  "resources: [object.yaml]\n",
			"else/more/object.yaml":         strings.Replace(object, "x", "y", 1)}},
		"a link of a link": {files: map[string]string{
			"app/kustomization.yaml": "resources: [one.yaml]\n", "app/one.yaml": "link: two.yaml", "app/two.yaml": "link: object.yaml", "app/object.yaml": object}},
		"a link to itself": {files: map[string]string{
			"app/kustomization.yaml": "resources: [loop]\n", "app/loop": "link: loop"}, fails: "loop"},
		"a link to its own folder": {files: map[string]string{
			"app/kustomization.yaml": "resources: [loop]\n", "app/loop": "link: ."}, fails: "cycle detected"},
		"a link to nothing": {files: map[string]string{
			"app/kustomization.yaml": "resources: [none.yaml]\n", "app/none.yaml": "link: nowhere"}, fails: "none.yaml"},
		"other names of the file": {files: map[string]string{
			"app/kustomization.yml": "resources: [../base]\n", "base/Kustomization": "resources: [object.yaml]\n", "base/object.yaml": object}},
		"two names at once": {files: map[string]string{
			"app/kustomization.yml": "resources: [object.yaml]\n", "app/kustomization.yaml": "resources: [object.yaml]\n", "app/object.yaml": object},
			fails: "Found multiple kustomization files"},
		"byte order marks, and CRLF in YAML": {files: map[string]string{
			"app/kustomization.yaml": windows,
			"app/object.yaml":        "\ufeff" + strings.ReplaceAll(object+"data:\n  a: |\n    1\n    2\n", "\n", "\r\n"),
			"app/patch.yaml":         "\ufeff" + strings.ReplaceAll(object+"data: {b: c}\n", "\n", "\r\n")}},
		"env files": {files: map[string]string{
			"app/kustomization.yaml": "configMapGenerator: [{name: x, envs: [x.env]}]\n",
			"app/x.env":              "\ufeffA=1\r\n# no\r\nB=\"2\" # 3\r\nC=a=b \r\n"}},
		"what is no text": {files: map[string]string{
			"app/kustomization.yaml": "configMapGenerator: [{name: x, files: [logo.png, k=utf16.txt]}]\n",
			"app/logo.png":           "\x89PNG\r\n\x1a\n", "app/utf16.txt": "\xff\xfea\x00\r\x00\n\x00"}},
		"scalars of YAML 1.1": {files: map[string]string{
			"app/kustomization.yaml": "resources: [object.yaml]\n",
			"app/object.yaml":        object + "data: &anchor {a: yes, b: on, c: 0755, d: 0o755, e: 1_000, f: 12:30, g: ~, h: 0x1F, i: 1e3}\nbinaryData: {<<: *anchor}\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			lay(t, dir, test.files)
			want, wrong := build(filesys.MakeFsOnDisk(), filepath.Join(dir, "app"))
			got, err := Kustomization(context.Background(), dir, "app")
			if test.fails != "" {
				assert.ErrorContains(t, wrong, test.fails)
				assert.ErrorContains(t, err, test.fails)
				return
			}
			require.NoError(t, wrong)
			require.NoError(t, err)
			assert.Equal(t, string(YAML(want)), string(YAML(got)))
		})
	}
}

func TestInputsThatMayChangeAreRefusedByFileAndLine(t *testing.T) {
	for name, test := range map[string]struct {
		files map[string]string
		says  string
	}{
		"a web page": {map[string]string{"app/kustomization.yaml": "resources:\n- https://example.com/x.yaml\n"},
			`k8s/app/kustomization.yaml:2: "https://example.com/x.yaml" is remote`},
		"a repository": {map[string]string{"app/kustomization.yaml": "resources:\n- GitHub.com/org/repository//base?ref=v1\n"}, "kustomization.yaml:2"},
		"by ssh":       {map[string]string{"app/kustomization.yaml": "components: [ssh://git@example.com/org/repository]\n"}, "kustomization.yaml:1"},
		"as scp":       {map[string]string{"app/kustomization.yaml": "resources: ['git@example.com:org/repository']\n"}, "kustomization.yaml:1"},
		"another disk": {map[string]string{"app/kustomization.yaml": "resources: ['file:///etc/base']\n"}, "kustomization.yaml:1"},
		"a repository's name that is a folder, too": {map[string]string{
			"app/kustomization.yaml": "resources: [github.com/org/repository]\n", "app/github.com/org/repository/kustomization.yaml": ""}, "app/kustomization.yaml:1"},
		"a base's base": {map[string]string{
			"app/kustomization.yaml": "resources: [../base]\n", "base/kustomization.yml": "\n\npatches:\n- path: http://example.com\n"},
			"k8s/base/kustomization.yml:4"},
		"a value": {map[string]string{
			"app/kustomization.yaml": "configMapGenerator:\n- name: x\n  literals: [url=https://example.com]\n  files: ['key=https://example.com']\n"}, "app/kustomization.yaml:4"},
		"a schema": {map[string]string{"app/kustomization.yaml": "openapi:\n  path: https://example.com\n"}, "app/kustomization.yaml:2"},
		"a generator's": {map[string]string{
			"app/kustomization.yaml": "generators: [generator.yaml]\n",
			"app/generator.yaml":     "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: x}\nfiles: [https://example.com]\n"},
			"k8s/app/generator.yaml:4"},
		"an inline transformer's": {map[string]string{
			"app/kustomization.yaml": "transformers:\n- |\n  apiVersion: builtin\n  kind: PatchTransformer\n  metadata: {name: x}\n  path: https://example.com\n"},
			"k8s/app/kustomization.yaml:6"},
		"a link out of the folder": {map[string]string{
			"app/kustomization.yaml": "resources: [out.yaml]\n", "app/out.yaml": "link: /etc/hostname"},
			"k8s/app/out.yaml is a link that leads out of the folder of the manifests"},
		"a link as text": {map[string]string{
			"app/kustomization.yaml": "configMapGenerator: [{name: x, files: [a.sh]}]\n", "app/a.sh": "../b.sh", "b.sh": "#!/bin/sh\n"},
			`k8s/app/a.sh:1: a link to "../b.sh" that was checked out as text`},
		"line ends": {map[string]string{
			"app/kustomization.yaml": "configMapGenerator: [{name: x, files: [run=a.sh]}]\n", "app/a.sh": "#!/bin/sh\ntrue\r\n"},
			"k8s/app/a.sh:2: Windows line ends (CRLF)"},
		"a key twice": {map[string]string{
			"app/kustomization.yaml": "resources: [object.yaml]\n", "app/object.yaml": object + "data:\n  a: one\n  a: two\n"},
			`k8s/app/object.yaml:6: "a" is set in line 5 already`},
		"a key of a patch twice": {map[string]string{
			"app/kustomization.yaml": "resources: [object.yaml]\npatches:\n- path: patch.yaml\n", "app/object.yaml": object, "app/patch.yaml": object + "---\n" + object + "kind: Secret\n"},
			`k8s/app/patch.yaml:8: "kind" is set in line 6 already`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			lay(t, dir, test.files)
			_, err := Kustomization(context.Background(), dir, "app")
			require.ErrorContains(t, err, test.says)
			assert.NotContains(t, err.Error(), "\n", "one line")
		})
	}
}
