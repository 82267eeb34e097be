// Netpol enforces networking.k8s.io/v1 NetworkPolicies on a one-node cluster.
// It turns all policies into one nftables table that it replaces as a whole,
// in one transaction, whenever pods, namespaces or policies change.
//
//	watch.go    what is in the cluster, kept up to date
//	address.go  pod addresses, from the moment that CNI hands them out
//	select.go   which pods a policy means
//	ruleset.go  policies -> nftables rules
//	apply.go    nftables rules -> kernel
package main

import (
	"context"
	"flag"
	"log"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	// gather is how long changes are gathered before they are applied: a
	// rollout brings many at once.
	gather = 30 * time.Millisecond

	retryAfter = time.Second
)

func main() {
	kubeconfig := flag.String("kubeconfig", "", "file that tells the API server and the identity")
	podCIDR := flag.String("pod-cidr", "", "addresses of pods; what comes from or goes to one that no pod is known to have is dropped")
	results := flag.String("cni-results", "/var/lib/cni/results", "folder in which CNI keeps the results of its calls")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *kubeconfig, *podCIDR, *results); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, kubeconfig, podCIDR, results string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	changed := newSignal()
	addresses, err := watchAddresses(ctx, results, changed)
	if err != nil {
		return err
	}
	watched, err := watchCluster(ctx, client, addresses, changed)
	if err != nil {
		return err
	}
	var inForce string
	enforce(ctx, changed, func() error {
		script, err := ruleset(watched.state(), podCIDR)
		if err != nil || script == inForce {
			return err
		}
		if err := apply(ctx, script); err != nil {
			return err
		}
		inForce = script
		return nil
	})
	return nil
}

// enforce calls sync after each change until ctx ends. What fails is tried
// again; until then the rules before it stay in force.
func enforce(ctx context.Context, changed signalled, sync func() error) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
		time.Sleep(gather)
		if err := sync(); err != nil {
			log.Print(err)
			time.AfterFunc(retryAfter, changed.set)
		}
	}
}

// signalled holds at most one signal: many changes need one look.
type signalled chan struct{}

func newSignal() signalled { return make(signalled, 1) }

func (s signalled) set() {
	select {
	case s <- struct{}{}:
	default:
	}
}
