package access

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
)

func testHost(t *testing.T) *host.Host {
	t.Helper()
	return &host.Host{Root: t.TempDir(), Repo: t.TempDir()}
}

func TestDotEnvNamesWhatTheLabRuns(t *testing.T) {
	h := &host.Host{Root: "/lab", Repo: "/repo"}
	tests := map[string]struct {
		access    Access
		contains  []string
		notWithin []string
	}{
		"all is the lab's": {
			contains: []string{
				"TEAM_DASHBOARD_KUBECONFIG=file://${TEAM_DASHBOARD_LAB_KUBECONFIG:-/lab/state/kubeconfig}\n",
				"TEAM_DASHBOARD_REGISTRYPASSWORD=file:///lab/state/registry/password\n",
				"TEAM_DASHBOARD_RESOLVE=team-dashboard.app=10.99.0.1,www.team-dashboard.app=10.99.0.1,staging.team-dashboard.app=10.99.0.1\n",
			},
		},
		"another's cluster": {
			access:    Access{Kubeconfig: "/home/me/kubeconfig"},
			contains:  []string{"TEAM_DASHBOARD_KUBECONFIG=file://${TEAM_DASHBOARD_LAB_KUBECONFIG:-/home/me/kubeconfig}\n", "REGISTRYUSERNAME"},
			notWithin: []string{"RESOLVE", "_CA="},
		},
		"nothing is the lab's": {
			access:    Access{Kubeconfig: "/home/me/kubeconfig", Engine: "tcp://engine:8080"},
			contains:  []string{"TEAM_DASHBOARD_SOURCE="},
			notWithin: []string{"REGISTRY", "RESOLVE"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			text := test.access.dotEnv(h)
			for _, want := range test.contains {
				assert.Contains(t, text, want)
			}
			for _, unwanted := range test.notWithin {
				assert.NotContains(t, text, unwanted)
			}
		})
	}
}

func TestDotEnvOfSomebodyElseStays(t *testing.T) {
	h := testHost(t)
	file := filepath.Join(h.Repo, ".env")
	require.NoError(t, os.WriteFile(file, []byte("TEAM_DASHBOARD_KUBECONFIG=mine\n"), 0o600))

	written, err := Access{}.WriteDotEnv(h)
	require.NoError(t, err)
	assert.False(t, written)
	require.NoError(t, removeDotEnv(h))
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, "TEAM_DASHBOARD_KUBECONFIG=mine\n", string(text))
}

func TestDotEnvOfTheLabComesAndGoes(t *testing.T) {
	h := testHost(t)
	for _, access := range []Access{{}, {Kubeconfig: "/another"}} {
		written, err := access.WriteDotEnv(h)
		require.NoError(t, err)
		assert.True(t, written)
	}
	text, err := os.ReadFile(filepath.Join(h.Repo, ".env"))
	require.NoError(t, err)
	assert.Contains(t, string(text), ":-/another}", "the second call replaced what the first one wrote")

	require.NoError(t, removeDotEnv(h))
	assert.NoFileExists(t, filepath.Join(h.Repo, ".env"))
	require.NoError(t, removeDotEnv(h), "nothing to remove is fine")
}

func TestExportsSurviveTheShell(t *testing.T) {
	h := &host.Host{Root: "/it's a lab", Repo: "/repo"}
	exports := Access{}.Exports(h, "unix:///engine.sock", "/usr/bin:/it's a lab/bin:/bin")

	out, err := exec.Command("sh", "-c", exports+`echo "$PATH|$KUBECONFIG|$_EXPERIMENTAL_DAGGER_RUNNER_HOST"`).Output()
	require.NoError(t, err)
	assert.Equal(t, "/it's a lab/bin:/usr/bin:/bin|/it's a lab/state/kubeconfig|unix:///engine.sock\n", string(out))
}

func TestExportsNameAnothersEngineAndCluster(t *testing.T) {
	exports := Access{Engine: "tcp://engine:8080", Kubeconfig: "/mine"}.Exports(testHost(t), "unix:///engine.sock", "/bin")
	assert.Contains(t, exports, "export _EXPERIMENTAL_DAGGER_RUNNER_HOST='tcp://engine:8080'\n")
	assert.Contains(t, exports, "export KUBECONFIG='/mine'\n")
	assert.NotContains(t, exports, "TEAM_DASHBOARD_LAB_DEPLOYER_KUBECONFIG", "another's cluster knows no such user")
}

func TestExportsNameWhatTestsOfTheClusterNeed(t *testing.T) {
	exports := Access{}.Exports(&host.Host{Root: "/lab", Repo: "/repo"}, "unix:///engine.sock", "/bin")
	assert.Contains(t, exports, "export TEAM_DASHBOARD_LAB_DEPLOYER_KUBECONFIG='/lab/state/deployer.kubeconfig'\n")
	assert.Contains(t, exports, "export TEAM_DASHBOARD_LAB_AUDIT_LOG='/lab/state/logs/audit.log'\n")
	assert.Contains(t, exports, "export TEAM_DASHBOARD_LAB_S3_ACCESS_KEY_FILE='/lab/state/s3/access-key'\n")
	assert.Contains(t, exports, "export TEAM_DASHBOARD_LAB_S3_SECRET_KEY_FILE='/lab/state/s3/secret-key'\n")
}

func TestSavedAccessIsLoaded(t *testing.T) {
	h := testHost(t)
	none, err := Load(h)
	require.NoError(t, err)
	assert.Equal(t, Access{}, none)

	want := Access{Engine: "tcp://engine:8080"}
	require.NoError(t, want.Save(h))
	got, err := Load(h)
	require.NoError(t, err)
	assert.Equal(t, want, got)

	require.NoError(t, Forget(h))
	got, err = Load(h)
	require.NoError(t, err)
	assert.Equal(t, Access{}, got)
}
