package main

import (
	"context"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/access"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/engine"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/moduleproxy"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/network"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/part"
)

// stages lists the parts in the order in which they come up. The parts of one
// stage do not need each other and come up side by side: while one compiles,
// which keeps all cores busy and is done one at a time, others download or
// unpack. Parts go down in the opposite order.
func stages(h *host.Host, use access.Access) [][]part.Part {
	return [][]part.Part{
		{network.New(h)},
		when(use.OwnEngine(), engine.New(h)),
	}
}

func when(wanted bool, parts ...part.Part) []part.Part {
	if !wanted {
		return nil
	}
	return parts
}

// servers are the commands that the lab starts itself and leaves running.
var servers = map[string]func(ctx context.Context, args []string) error{
	"engine-inside": engine.Inside,
	"module-proxy":  moduleproxy.Serve,
}
