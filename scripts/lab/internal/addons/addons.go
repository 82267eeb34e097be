// Package addons gives the cluster what an application expects to find in it,
// from images built on this machine:
//
//	CoreDNS         names of Services, at 10.96.0.10
//	metrics-server  CPU and memory of pods, for autoscalers and "kubectl top"
//	Traefik         ingress class nginx and GatewayClass traefik, https://10.99.0.1, certificate by the lab's CA
//	storage         the default StorageClass
//	definitions     the kinds of the Gateway API, the Prometheus operator and cert-manager
//
// The manifests are in manifests/, as templates.
package addons

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/kube"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/part"
)

// An Addons is the part; New makes it.
type Addons struct {
	host *host.Host
	kube *kube.Kube
}

func New(h *host.Host) *Addons { return &Addons{host: h, kube: kube.New(h)} }

func (*Addons) Name() string { return "addons" }

// Up puts the images into the lab's registry, applies the manifests, and
// returns when each add-on does its work.
func (a *Addons) Up(ctx context.Context) error {
	if err := a.pushImages(ctx); err != nil {
		return err
	}
	if err := part.Step(ctx, "applying the kinds of others", a.define); err != nil {
		return err
	}
	if err := part.Step(ctx, "applying the manifests", a.applyManifests); err != nil {
		return err
	}
	var group errgroup.Group
	for _, c := range a.checks() {
		group.Go(func() error {
			if c.works(ctx) == nil {
				return nil
			}
			return part.Step(ctx, "waiting for "+c.name, func(ctx context.Context) error { return wait(ctx, c) })
		})
	}
	return group.Wait()
}

// Down has nothing to do: the pods go with the node, and what the cluster
// knows of them stays for its next Up.
func (*Addons) Down(context.Context) error { return nil }

// Status is what works.
func (a *Addons) Status(ctx context.Context) (string, error) {
	if _, err := a.kube.Status(ctx); errors.Is(err, part.ErrDown) {
		return "", err
	}
	var names []string
	for _, c := range a.checks() {
		if err := c.works(ctx); err != nil {
			return "", fmt.Errorf("%s does not work: %w", c.name, err)
		}
		names = append(names, c.name)
	}
	return strings.Join(names, ", ") + "; ingress at https://" + ingressAddress, nil
}
