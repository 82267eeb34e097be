// Package images makes stand-ins for the public base images that Dockerfiles
// and manifests name, on machines that reach no container registry: from
// Debian's packages and npm's, for both platforms, into the lab's registry
// under their public names.
package images

import (
	"context"
	"fmt"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/oci"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/part"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/registry"
)

// A standIn describes an image that is made here.
type standIn struct {
	// names are the references that the public image has.
	names []string

	// layer packs what the image has on top of Debian. Nil: nothing.
	layer func(ctx context.Context, m *maker, base root) (v1.Layer, error)

	config v1.Config
}

// standIns are all of them. Users, folders, variables and entry points are
// those of the public images, so that what works here works there.
var standIns = []standIn{debian, node, redis, postgres, prometheus, alertmanager, nodeExporter, blackboxExporter}

// Images is the part; New makes it. It needs the registry to be up.
type Images struct{ host *host.Host }

func New(h *host.Host) *Images { return &Images{host: h} }

func (*Images) Name() string { return "images" }

// Up makes the images that were not made before and pushes those that the
// registry does not have.
func (i *Images) Up(ctx context.Context) error {
	m, err := newMaker(ctx, i.host)
	if err != nil {
		return err
	}
	defer m.close()
	for _, image := range standIns {
		if err := m.provide(ctx, image); err != nil {
			return err
		}
	}
	return nil
}

// Down has nothing to take away: images are the registry's.
func (*Images) Down(context.Context) error { return nil }

// Status says whether the registry has the images.
func (i *Images) Status(ctx context.Context) (string, error) {
	count := 0
	for _, image := range standIns {
		for _, name := range image.names {
			digest, err := registry.Digest(ctx, i.host, name)
			if err != nil {
				return "", part.ErrDown // nothing to ask: the registry tells its own state
			}
			if digest == (v1.Hash{}) {
				return "", fmt.Errorf("the registry lacks %q; run the lab's up", name)
			}
			count++
		}
	}
	return fmt.Sprintf("%d names of base images for %v", count, platforms), nil
}

// provide makes an image for all platforms and pushes it under its names.
func (m *maker) provide(ctx context.Context, s standIn) error {
	var images []oci.Image
	for _, platform := range platforms {
		layers, err := m.layers(ctx, s, platform)
		if err != nil {
			return fmt.Errorf("making %q for %s: %w", s.names[0], platform, err)
		}
		images = append(images, oci.Image{Architecture: platform, Config: s.config, Layers: layers})
	}
	index, err := oci.Index(images...)
	if err != nil {
		return err
	}
	for _, name := range s.names {
		if err := m.push(ctx, name, index); err != nil {
			return err
		}
	}
	return nil
}

// layers are Debian, the image's own layer and what this machine trusts. The
// last one changes with the lab's authority, without the others.
func (m *maker) layers(ctx context.Context, s standIn, platform string) ([]v1.Layer, error) {
	base, err := m.base(ctx, platform)
	if err != nil {
		return nil, err
	}
	layers := []v1.Layer{base.layer}
	if s.layer != nil {
		own, err := s.layer(ctx, m, base)
		if err != nil {
			return nil, err
		}
		layers = append(layers, own)
	}
	return append(slices.Clip(layers), m.trust), nil
}

func (m *maker) push(ctx context.Context, name string, index v1.ImageIndex) error {
	pushed, err := registry.Push(ctx, m.host, name, index)
	if pushed {
		part.Info(ctx, "pushed %s", name)
	}
	return err
}
