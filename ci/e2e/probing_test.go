//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
)

// placeProbes starts the probes, all at once, and learns their addresses.
func placeProbes(t *testing.T) []probe {
	t.Helper()
	probes := strangers(t)
	for _, environment := range []string{"staging", "production"} {
		probes = append(probes, residents(t, environment)...)
	}
	script := probeScript(t)
	var pods []any
	for _, p := range probes {
		pods = append(pods, p.pod(script))
	}
	t.Cleanup(func() {
		kubectl(t, "delete", "pods", "-A", "-l", probeLabel, "--grace-period=1", "--wait=false")
	})
	apply(t, pods...)
	for _, namespace := range namespacesOfProbes(probes) {
		kubectl(t, "-n", namespace, "wait", "pods", "-l", probeLabel, "--for=condition=Ready", "--timeout=120s")
	}
	var list corev1.PodList
	require.NoError(t, json.Unmarshal([]byte(kubectl(t, "get", "pods", "-A", "-l", probeLabel, "-o", "json")), &list))
	for i, p := range probes {
		at := slices.IndexFunc(list.Items, func(pod corev1.Pod) bool { return pod.Namespace == p.namespace && pod.Name == p.podName() })
		require.GreaterOrEqual(t, at, 0, p.title())
		probes[i].address = list.Items[at].Status.PodIP
	}
	return probes
}

func namespacesOfProbes(probes []probe) []string {
	var all []string
	for _, p := range probes {
		all = append(all, p.namespace)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func probeScript(t testing.TB) string {
	t.Helper()
	script, err := os.ReadFile("testdata/probe.mjs")
	require.NoError(t, err)
	return string(script)
}

// apply gives objects to kubectl.
func apply(t testing.TB, objects ...any) {
	t.Helper()
	data, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "List", "items": objects})
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "objects.json")
	write(t, path, string(data))
	kubectl(t, "apply", "-f", path)
}

// try opens all connections, those of one probe at once and of several probes at a time. It returns the pairs that did
// not go as declared.
func try(t *testing.T, pairs []pair) []pair {
	t.Helper()
	script := probeScript(t)
	byProbe := map[string][]pair{}
	for _, pair := range pairs {
		byProbe[pair.from.title()] = append(byProbe[pair.from.title()], pair)
	}
	var wrong []pair
	var mu sync.Mutex
	var all sync.WaitGroup
	places := make(chan struct{}, 6)
	for _, own := range byProbe {
		all.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			found := tryFrom(t, script, own)
			mu.Lock()
			defer mu.Unlock()
			wrong = append(wrong, found...)
		})
	}
	all.Wait()
	return wrong
}

func tryFrom(t *testing.T, script string, pairs []pair) (wrong []pair) {
	type request struct {
		Host string `json:"host"`
		Port int    `json:"port"`
		UDP  bool   `json:"udp"`
	}
	var requests []request
	for _, pair := range pairs {
		requests = append(requests, request{pair.to.host, pair.to.port, pair.to.udp})
	}
	data, _ := json.Marshal(requests)
	from := pairs[0].from
	got := run(t, "kubectl", "-n", from.namespace, "exec", from.podName(), "--", "node", "--input-type=module", "-e", script, "try", string(data))
	var reached []bool
	if err := json.Unmarshal([]byte(got.stdout), &reached); err != nil || len(reached) != len(pairs) {
		t.Errorf("%s could not try: %s %s", from.title(), got.stdout, got.stderr)
		return nil
	}
	for i, pair := range pairs {
		if reached[i] != pair.allowed {
			wrong = append(wrong, pair)
		}
	}
	return wrong
}
