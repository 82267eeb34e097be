package addons

import (
	"context"
	"fmt"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/build"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/kube"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/oci"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/part"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/registry"
)

// unprivileged is the user of all images, by number: Kubernetes cannot tell
// from a name whether it is root's.
const unprivileged = "65532:65532"

// An image holds one program, which the lab builds.
type image struct {
	program string // also the folder below builds/
	version string
	pkg     string // the main package
	ref     string // what the image is called in the world
	tags    []string
}

var images = []image{
	{program: "pause", version: "3.10", pkg: ".", ref: kube.PauseImage},
	{program: "coredns", version: "1.13.1", pkg: ".", ref: "registry.k8s.io/coredns/coredns:v1.13.1"},
	{program: "metrics-server", version: "0.9.0", pkg: ".", ref: "registry.k8s.io/metrics-server/metrics-server:v0.9.0"},
	{program: "kube-state-metrics", version: "2.18.0", pkg: "k8s.io/kube-state-metrics/v2", ref: "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.18.0",
		// It looks time zones of CronJobs up, which the public image has as files.
		tags: []string{"timetzdata"}},
	{program: "traefik", version: "3.7.13", pkg: "github.com/traefik/traefik/v3/cmd/traefik", ref: "docker.io/library/traefik:v3.7.13"},
}

// pushImages puts those images into the lab's registry that are not there.
func (a *Addons) pushImages(ctx context.Context) error {
	for _, i := range images {
		index, err := a.buildImage(ctx, i)
		if err != nil {
			return fmt.Errorf("making the image %q: %w", i.ref, err)
		}
		pushed, err := registry.Push(ctx, a.host, i.ref, index)
		if err != nil {
			return err
		}
		if pushed {
			part.Info(ctx, "pushed %s", i.ref)
		}
	}
	return nil
}

func (a *Addons) buildImage(ctx context.Context, i image) (v1.ImageIndex, error) {
	dir, err := build.Tool(ctx, a.host, build.Spec{
		Name: i.program, Version: i.version, Dir: i.program,
		Packages: []string{i.pkg}, Outputs: []string{i.program}, Tags: i.tags,
	})
	if err != nil {
		return nil, err
	}
	layer, err := oci.Files(ctx, a.host, i.program, oci.File{Path: "/" + i.program, Source: filepath.Join(dir, i.program), Mode: 0o755})
	if err != nil {
		return nil, err
	}
	return oci.Index(oci.Image{
		Architecture: "amd64",
		Config:       v1.Config{User: unprivileged, Entrypoint: []string{"/" + i.program}},
		Layers:       []v1.Layer{layer},
	})
}
