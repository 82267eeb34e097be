package release_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/release"
)

var commitTime = time.Date(2026, 11, 23, 10, 15, 30, 0, time.UTC)

// sample is a whole release of the Team Dashboard.
func sample() release.Release {
	app := config.TeamDashboard()
	made := release.Release{
		Version: "20261123T101530-1a2b3c4",
		Commit:  "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d",
		Created: commitTime,
		Images:  map[string]string{},
	}
	for i, name := range app.Images() {
		made.Images[name] = app.Repository(name) + "@sha256:" + strings.Repeat(string('a'+rune(i)), 64)
	}
	return made
}

func TestRoundTrip(t *testing.T) {
	made := sample()
	read, err := release.Parse(made.JSON())
	require.NoError(t, err)
	assert.Equal(t, made, read)
	assert.Equal(t, made.JSON(), read.JSON())

	windows := "\ufeff" + strings.ReplaceAll(string(made.JSON()), "\n", "\r\n")
	read, err = release.Parse([]byte(windows))
	require.NoError(t, err, "a file that an editor of Windows saved")
	assert.Equal(t, made, read)

	east := made
	east.Created = commitTime.In(time.FixedZone("", 3600))
	assert.Equal(t, string(made.JSON()), string(east.JSON()), "a machine's time zone does not change the file")

	bare := release.Release{Version: "v1.0.0", Images: made.Images}
	read, err = release.Parse(bare.JSON())
	require.NoError(t, err)
	assert.Equal(t, bare, read)
	assert.NotContains(t, string(bare.JSON()), "created")
}

func TestParseRefuses(t *testing.T) {
	good := string(sample().JSON())
	replace := func(old, new string) string {
		require.Contains(t, good, old)
		return strings.Replace(good, old, new, 1)
	}
	digest := "@sha256:" + strings.Repeat("a", 64)

	for _, test := range []struct{ name, data, says string }{
		{"empty", " \n", "it is empty"},
		{"not JSON", "version: v1\n", "not JSON, line 1"},
		{"broken in the middle", replace(`"commit":`, `"commit"`), "not JSON, line 3"},
		{"cut off", good[:len(good)/2], "cut off"},
		{"array", "[]", "a JSON array, not an object"},
		{"two objects", good + good, "text after the end"},
		{"unknown field", replace(`"commit"`, `"revision"`), `unknown field "revision"`},
		{"a field twice", replace(`"version":`, `"version": "v0", "version":`), `duplicate field "version"`},
		{"an image twice", replace(`"dashboard":`, `"dashboard": "x", "dashboard":`), `duplicate field "images.dashboard"`},
		{"a field in other letters", replace(`"version"`, `"Version"`), `unknown field "Version"`},
		{"UTF-16", "\xff\xfe{\x00}\x00", "it is UTF-16"},
		{"wrong kind", replace(`"20261123T101530-1a2b3c4"`, `1`), `field "version" cannot be a number`},
		{"no version", replace(`"20261123T101530-1a2b3c4"`, `""`), `field "version" is missing`},
		{"bad version", replace(`20261123T101530-1a2b3c4`, `a b`), `version "a b"`},
		{"no images", `{"version":"v1","images":{}}`, `"images" is missing or empty`},
		{"tag instead of digest", replace(digest, ":v1"), `image of "dashboard": "ghcr.io/codingbutter/team-dashboard/dashboard:v1" has no digest`},
		{"tag and digest", replace(digest, ":v1"+digest), "without a tag"},
		{"short digest", replace(digest, "@sha256:abc"), "malformed digest"},
		{"no repository", replace("ghcr.io/codingbutter/team-dashboard/dashboard@", "@"), "must be a repository and a digest"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := release.Parse([]byte(test.data))
			require.ErrorContains(t, err, test.says)
			assert.True(t, strings.HasPrefix(err.Error(), "parsing release file: "), err)
			assert.Contains(t, err.Error(), "publish returned")
			assert.NotContains(t, err.Error(), "\n", "one line")
		})
	}
}

func TestValidate(t *testing.T) {
	app := config.TeamDashboard()
	for _, test := range []struct {
		name   string
		change func(images map[string]string)
		says   []string
	}{
		{"whole", func(map[string]string) {}, nil},
		{"missing", func(images map[string]string) { delete(images, "mcp-manager"); delete(images, "smoke") },
			[]string{`no image for "mcp-manager"`, `no image for "smoke"`}},
		{"unknown", func(images map[string]string) { images["worker"] = images["dashboard"] },
			[]string{`image "worker" belongs to no service`, "known are dashboard, agent-manager"}},
		{"no digest", func(images map[string]string) {
			images["dashboard"] = "ghcr.io/codingbutter/team-dashboard/dashboard:v1"
		},
			[]string{"has no digest"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			made := sample()
			test.change(made.Images)
			err := made.Validate(app.Images())
			if test.says == nil {
				require.NoError(t, err)
				return
			}
			for _, say := range append(test.says, `release "20261123T101530-1a2b3c4"`) {
				assert.ErrorContains(t, err, say)
			}
		})
	}
}

func TestValidateForRefusesForeignRepositories(t *testing.T) {
	app := config.TeamDashboard()
	require.NoError(t, sample().ValidateFor(app))

	made := sample()
	made.Images["dashboard"] = strings.Replace(made.Images["dashboard"], "codingbutter", "someone", 1)
	delete(made.Images, "smoke")
	require.NoError(t, made.Validate([]string{"dashboard", "agent-manager", "mcp-manager", "openai-service"}))
	err := made.ValidateFor(app)
	assert.ErrorContains(t, err, `comes from "ghcr.io/someone/team-dashboard/dashboard", only "ghcr.io/codingbutter/team-dashboard/dashboard" is deployed`)
	assert.ErrorContains(t, err, `no image for "smoke"`)

	swapped := sample()
	swapped.Images["dashboard"], swapped.Images["smoke"] = swapped.Images["smoke"], swapped.Images["dashboard"]
	assert.ErrorContains(t, swapped.ValidateFor(app), `image of "dashboard" comes from "ghcr.io/codingbutter/team-dashboard/smoke"`)
}

func TestSame(t *testing.T) {
	a, b := sample(), sample()
	b.Version, b.Commit = "v1.0.0", ""
	assert.True(t, a.Same(b), "another name for the same images")
	b.Images["smoke"] = a.Images["dashboard"]
	assert.False(t, a.Same(b))
	assert.False(t, a.Same(release.Release{}))
}

func TestCompare(t *testing.T) {
	early, late, twin := sample(), sample(), sample()
	late.Created = commitTime.Add(time.Second)
	twin.Version += "-0f9e8d7c"
	got := []release.Release{late, twin, early}
	slices.SortFunc(got, release.Compare)
	assert.Equal(t, []release.Release{early, twin, late}, got)
}
