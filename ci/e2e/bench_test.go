//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The benchmarks measure wall-clock time of whole commands on the lab and report ratios of two runs of the same
// session, or seconds against a limit that the README promises. Run them with make bench, on a quiet machine.

// took runs something once and returns the seconds that it needed.
func took(do func()) float64 {
	began := time.Now()
	do()
	return time.Since(began).Seconds()
}

// touched is the first variant with a change that no cache has seen, so that everything after the install is built.
func touched(b *testing.B) string {
	folder := v1.source(b)
	mark := fmt.Sprintf("\nexport const builtAt = %d;\n", time.Now().UnixNano())
	file := filepath.Join(folder, "packages/service-kit/src/bench.ts")
	write(b, file, mark)
	return folder
}

func report(b *testing.B, name string, value float64) {
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(value, name)
}

// BenchmarkArm64 is what the second platform adds to a build: at most 1.15.
func BenchmarkArm64(b *testing.B) {
	mustCall(b, "--source", touched(b), "build") // both platforms' bases, and the install layer
	first, second := touched(b), touched(b)
	one := took(func() { mustCall(b, "--source", first, "build", "--platforms", "linux/amd64") })
	two := took(func() { mustCall(b, "--source", second, "build") })
	report(b, "both/amd64", two/one)
}

// BenchmarkUnchangedPublish is build and publish of what is published already: below 5 s, no blob uploaded.
func BenchmarkUnchangedPublish(b *testing.B) {
	source := v1.source(b)
	mustCall(b, "--source", source, "publish", "contents")
	var again traffic
	seconds := took(func() { again = publishCounted(b, source) })
	report(b, "s", seconds)
	b.ReportMetric(float64(again.uploads), "uploads")
}

// BenchmarkWarmStatus is one look at production: below 2 s.
func BenchmarkWarmStatus(b *testing.B) {
	mustCall(b, "status", "--env", "production")
	report(b, "s", took(func() { mustCall(b, "status", "--env", "production") }))
}

// BenchmarkDeploy compares the deploy of a built release, not watched, with the same manifests by hand: at most 1.3.
// On the way it reports how long the switch took (below 1 s) and a rollback to the parked slot (below 20 s).
func BenchmarkDeploy(b *testing.B) {
	fresh(b, "production")
	withSecrets(b, "production")
	first, _ := v1.release(b)
	second, _ := v2.release(b)
	deploy(b, "production", first, "--watch", "0s")

	var out string
	args := []string{"deploy", "--env", "production", "--release-file", second, "--watch", "0s", "--format", "json"}
	pipeline := took(func() { out = mustCall(b, args...) })
	var result struct {
		Switch struct {
			Settled time.Duration `json:"settled"`
		} `json:"switch"`
	}
	require.NoError(b, json.Unmarshal([]byte(out), &result))
	noop := took(func() { mustCall(b, args...) })
	rollback := took(func() { mustCall(b, "rollback", "--env", "production") })

	hand := byHand(b, second)
	report(b, "pipeline/kubectl", pipeline/hand)
	b.ReportMetric(pipeline, "deploy-s")
	b.ReportMetric(hand, "kubectl-s")
	b.ReportMetric(noop, "noop-s")
	b.ReportMetric(result.Switch.Settled.Seconds(), "switch-s")
	b.ReportMetric(rollback, "rollback-s")
}

// byHand is `kubectl apply -k` of a rendered release into its slot, beside the live one, with as many pods, and waiting
// for its rollout.
func byHand(b *testing.B, file string) float64 {
	folder := filepath.Join(b.TempDir(), "manifests")
	live := liveSlot(b)
	slot := other(live)
	wanted := map[string]string{}
	for _, service := range services {
		wanted[service] = kubectl(b, "-n", production, "get", "deployment", service+"-"+live, "-o", "jsonpath={.spec.replicas}")
	}
	mustCall(b, "render", "--env", "production", "--release-file", file, "--slot", slot, "export", "--path", folder)
	for _, service := range services {
		kubectl(b, "-n", production, "delete", "deployment", service+"-"+slot, "--ignore-not-found", "--wait")
	}
	return took(func() {
		for _, layer := range []string{"platform", "data", "slot"} {
			kubectl(b, "apply", "--server-side", "--force-conflicts", "-k", filepath.Join(folder, layer))
		}
		// An autoscaled Deployment begins with one pod by hand; the pipeline begins with what the live slot has.
		for _, service := range services {
			kubectl(b, "-n", production, "scale", "deployment/"+service+"-"+slot, "--replicas", wanted[service])
		}
		for _, service := range services {
			kubectl(b, "-n", production, "rollout", "status", "deployment/"+service+"-"+slot, "--timeout=5m")
		}
	})
}

// BenchmarkZColdLoad is the first load of the module on an engine that knows nothing, against that of an empty Go
// module: at most 2. A load keeps all cores busy as long as it takes, so whatever else the machine does shows, and a
// prune may spare what a session that is just ending still holds: the middle one of three pairs counts. It comes last,
// since it empties the engine's cache.
func BenchmarkZColdLoad(b *testing.B) {
	hello := b.TempDir()
	in(b, hello, "dagger", "init", "--sdk=go", "--name=hello")
	var empty, ours [3]float64
	for i := range 3 {
		empty[i], ours[i] = coldLoad(b, hello), coldLoad(b, repository(b))
	}
	slices.Sort(empty[:])
	slices.Sort(ours[:])
	report(b, "ours/empty", ours[1]/empty[1])
	b.ReportMetric(empty[1], "empty-s")
	b.ReportMetric(ours[1], "ours-s")
}

func coldLoad(b *testing.B, module string) float64 {
	in(b, module, "dagger", "core", "engine", "local-cache", "prune")
	return took(func() { in(b, module, "dagger", "functions") })
}

func in(b *testing.B, folder, name string, args ...string) {
	b.Helper()
	command := exec.Command(name, args...)
	command.Dir = folder
	out, err := command.CombinedOutput()
	require.NoError(b, err, "%s %v\n%s", name, args, out)
}
