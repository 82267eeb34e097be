//go:build e2e && chaos

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/e2e/chaos"
	"github.com/codingbutter/team-dashboard/ci/e2e/ledger"
)

// v6 and v7 are good, so that there is always another release.
var (
	v6 = variant{name: "v6", notes: "sixth release\n", commit: day(6)}
	v7 = variant{name: "v7", notes: "seventh release\n", commit: day(7)}
)

// TestChaos takes production through rounds of trouble: make chaos ROUNDS=20 SEED=1. Several seeds, separated by commas,
// run one after the other; REPLAY=… repeats rounds as they were printed; SOURCE=… is another checkout whose module runs.
func TestChaos(t *testing.T) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	config := chaosConfig(t)
	grant(t, "production") // as the manifests have it now, whoever was here before
	for word := range strings.SplitSeq(setting("SEED", "1"), ",") {
		seed, err := strconv.ParseUint(strings.TrimSpace(word), 10, 64)
		require.NoError(t, err, "SEED")
		config.Seed, config.Rounds = seed, roundsOf(t, seed)
		report, err := chaos.Run(ctx, config)
		keepReport(t, config.Out, report)
		fmt.Printf("\nseed %d\n\n%s\n", seed, report)
		require.NoError(t, err)
		assert.True(t, report.Good(), "seed %d: not everything was as it should be", seed)
	}
	reports, err := chaos.ReadReports(config.Out)
	require.NoError(t, err)
	if len(reports) > 1 {
		fmt.Printf("\nall reports in %s\n\n%s\n", config.Out, chaos.Merge(reports...))
	}
}

// setting is a variable of the make target.
func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func roundsOf(t *testing.T, seed uint64) []chaos.Round {
	t.Helper()
	if replayed := os.Getenv("REPLAY"); replayed != "" {
		rounds, err := chaos.Replay(seed, replayed)
		require.NoError(t, err)
		return rounds
	}
	first, last, some := strings.Cut(setting("ROUNDS", strconv.Itoa(chaos.FullRounds)), "-")
	from, err := strconv.Atoi(first)
	require.NoError(t, err, "ROUNDS")
	if !some {
		return chaos.Plan(seed, from)
	}
	to, err := strconv.Atoi(last)
	require.NoError(t, err, "ROUNDS")
	plan := chaos.Plan(seed, max(to, chaos.FullRounds))
	require.True(t, 1 <= from && from <= to, "ROUNDS=%s-%s", first, last)
	return plan[from-1 : to]
}

func chaosConfig(t *testing.T) chaos.Config {
	t.Helper()
	releaseOf := func(v variant) chaos.Release {
		file, parsed := v.release(t)
		return chaos.Release{Version: parsed.Version, File: file}
	}
	hits := map[string][]string{
		"/api/release-notes": {"dashboard"},
		"/api/agents/health": {"agent-manager", "postgres", "redis"},
		"/api/mcp/health":    {"mcp-manager", "redis"},
		"/api/openai/health": {"openai-service", "redis"},
	}
	load := ledger.Load{Host: "team-dashboard.app", Paths: slices.Sorted(maps.Keys(hits)), Clients: 4, Pause: 200 * time.Millisecond, Timeout: 10 * time.Second,
		Client: func(fresh bool) *http.Client { return doorClient(t, fresh) }}
	return chaos.Config{
		Module: setting("SOURCE", repository(t)),
		Flags: []string{
			"--registry-username", "lab", "--registry-password", "file://" + labFile(t, "state/registry/password"),
			"--ca", labFile(t, "state/pki/ca.crt"), "--resolve", "team-dashboard.app=10.99.0.1,www.team-dashboard.app=10.99.0.1",
		},
		Lab: labFile(t, ""), Kubeconfig: os.Getenv("KUBECONFIG"),
		Deployer: os.Getenv("TEAM_DASHBOARD_LAB_DEPLOYER_KUBECONFIG"), AuditLog: os.Getenv("TEAM_DASHBOARD_LAB_AUDIT_LOG"),
		Environment: "production", Namespace: production, Services: services, Stores: []string{"postgres", "redis"}, Hits: hits,
		Watch:    "5s",
		Releases: []chaos.Release{releaseOf(v1), releaseOf(v2), releaseOf(v6), releaseOf(v7)}, Broken: releaseOf(v4),
		Load: load, Log: os.Stdout,
		Out:   setting("OUT", labFile(t, "chaos")),
		Reset: func(context.Context) error { return anew(t) },
	}
}

// anew makes production from nothing, with two releases. It is a test of its own, so that its failure leaves a report.
func anew(t *testing.T) error {
	made := t.Run("production is made anew", func(t *testing.T) {
		// One that a hand has damaged is of no use to whoever collects what was written.
		kubectl(t, "-n", production, "delete", "secrets", "-l", "app.kubernetes.io/component=record")
		fresh(t, "production")
		withSecrets(t, "production")
		for _, v := range []variant{v1, v2} {
			file, _ := v.release(t)
			deploy(t, "production", file, "--watch", "0s")
		}
	})
	if !made {
		return errors.New("see above")
	}
	return nil
}

// outFolder keeps what is printed and the reports: those that OUT has already are counted with this run's.
func outFolder(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("OUT")
	if folder == "" {
		folder = labFile(t, "chaos/"+time.Now().UTC().Format("20060102T150405"))
	}
	require.NoError(t, os.MkdirAll(folder, 0o755))
	return folder
}

func keepReport(t *testing.T, folder string, report chaos.Report) {
	t.Helper()
	text, err := json.MarshalIndent(report, "", "  ")
	require.NoError(t, err)
	file := filepath.Join(folder, report.File())
	require.NoError(t, os.WriteFile(file, text, 0o644))
	fmt.Println("the report:", file)
}
