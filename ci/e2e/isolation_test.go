//go:build e2e

package e2e

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/flows"
)

// settled is how long the policies may take to be in force for new pods.
const settled = 20 * time.Second

// TestIsolation lets pods that the NetworkPolicies take for those of staging, of both slots of production, and for
// everybody else, try to connect to each other and to hosts outside, and holds what came of it against k8s/flows.yaml.
func TestIsolation(t *testing.T) {
	table, err := flows.Read("../../k8s/flows.yaml")
	require.NoError(t, err)
	probes := placeProbes(t)
	pairs := pairsOf(table, probes, append(hostsOutside(t), podTargets(probes)...))

	begin := time.Now()
	wrong := try(t, pairs)
	for len(wrong) > 0 && time.Since(begin) < settled {
		wrong = try(t, wrong)
	}
	allowed := 0
	for _, pair := range pairs {
		if pair.allowed {
			allowed++
		}
	}
	t.Logf("%d pairs of %d pods: %d declared and %d others; tried in %.1f s", len(pairs), len(probes), allowed, len(pairs)-allowed, time.Since(begin).Seconds())
	if len(wrong) > 0 {
		t.Errorf("what differs from k8s/flows.yaml:\n%s", differences(wrong))
	}
}

// pair is a connection to try.
type pair struct {
	from probe
	to   target
	// allowed is what the table declares.
	allowed bool
}

// pairsOf combines every probe with every target, where one of the two belongs to an environment.
func pairsOf(table flows.Table, probes []probe, targets []target) []pair {
	var pairs []pair
	for _, from := range probes {
		for _, to := range targets {
			switch {
			case from.environment == "" && to.environment == "":
			case from.environment != "" && to.environment != "" && from.environment != to.environment:
				pairs = append(pairs, pair{from, to, false}) // two environments have nothing to do with each other
			default:
				own := from.address == to.host // no policy keeps a pod from itself
				environment := cmp.Or(from.environment, to.environment)
				pairs = append(pairs, pair{from, to, own || table.Allows(environment, from.End, to.End, to.declared)})
			}
		}
	}
	return pairs
}

// hostsOutside are what is no pod: the hosts that the lab has, and two that are nobody's, for which this test answers.
func hostsOutside(t *testing.T) []target {
	t.Helper()
	host := func(name, address string, port int) target {
		return target{End: flows.End{Name: name}, host: address, port: port, declared: fmt.Sprint(port)}
	}
	dns := kubectl(t, "-n", "kube-system", "get", "service", "-l", "k8s-app=kube-dns", "-o", "jsonpath={.items[0].spec.clusterIP}")
	byUDP := host("cluster DNS", dns, 53)
	byUDP.udp = true
	return []target{
		host("cluster DNS", dns, 53), byUDP,
		host("internet", answering(t, "203.0.113.10"), 443),
		host("link-local address", answering(t, "169.254.7.7"), 443),
		host("private address", "10.99.0.1", 443),
		host("backup storage", "10.99.0.2", 9000),
		host("API server", kubectl(t, "-n", "default", "get", "service", "kubernetes", "-o", "jsonpath={.spec.clusterIP}"), 443),
		host("kubelet", "10.99.0.1", 10250),
	}
}

// answering gives the lab's node one more address, and answers there on port 443.
func answering(t *testing.T, address string) string {
	t.Helper()
	got := run(t, "ip", "address", "replace", address+"/32", "dev", "lab0")
	require.Zero(t, got.code, got.stderr)
	listener, err := net.Listen("tcp", address+":443")
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = listener.Close()
		run(t, "ip", "address", "delete", address+"/32", "dev", "lab0")
	})
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			_ = connection.Close()
		}
	}()
	return address
}

// differences are pairs as a table.
func differences(wrong []pair) string {
	slices.SortFunc(wrong, func(a, b pair) int {
		return cmp.Or(strings.Compare(a.from.title(), b.from.title()), strings.Compare(a.to.place(), b.to.place()), a.to.port-b.to.port)
	})
	says := map[bool]string{true: "connects", false: "refused"}
	var text strings.Builder
	lines := tabwriter.NewWriter(&text, 0, 0, 3, ' ', 0)
	_, _ = fmt.Fprintln(lines, "FROM\tTO\tPORT\tDECLARED\tSEEN")
	for _, pair := range wrong {
		_, _ = fmt.Fprintf(lines, "%s\t%s\t%s\t%s\t%s\n", pair.from.title(), pair.to.place(), pair.to.portName(), says[pair.allowed], says[!pair.allowed])
	}
	_ = lines.Flush()
	return text.String()
}
