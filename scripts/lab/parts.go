package main

import (
	"context"
	"slices"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/access"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/addons"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/engine"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/images"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/kube"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/moduleproxy"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/network"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/part"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/registry"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/s3"
)

// stages lists the parts in the order in which they come up. The parts of one
// stage do not need each other and come up side by side: while one compiles,
// which keeps all cores busy and is done one at a time, others download or
// unpack. Parts go down in the opposite order.
func stages(h *host.Host, use access.Access) [][]part.Part {
	anything := use.OwnEngine() || use.OwnCluster()
	return [][]part.Part{
		only(anything, network.New(h)),
		only(anything, registry.New(h)),
		slices.Concat(
			only(use.OwnEngine(), engine.New(h)),
			only(anything, images.New(h)),
			only(use.OwnCluster(), kube.New(h), s3.New(h)),
		),
		only(use.OwnCluster(), addons.New(h)),
	}
}

// only keeps the parts that are wanted.
func only(wanted bool, parts ...part.Part) []part.Part {
	if !wanted {
		return nil
	}
	return parts
}

// servers are the commands that the lab starts itself and leaves running.
var servers = map[string]func(ctx context.Context, args []string) error{
	"engine-inside": engine.Inside,
	"module-proxy":  moduleproxy.Serve,
	"registry":      registry.Serve,
}
