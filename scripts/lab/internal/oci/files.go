package oci

import (
	"context"
	"fmt"
	"io/fs"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/build"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
)

// A File is a file of this machine that goes into a layer, as root's.
type File struct {
	Path   string // in the image: "/coredns"
	Source string // on this machine
	Mode   fs.FileMode
}

// Files packs a layer of files. It is packed again when one of them changes.
func Files(ctx context.Context, h *host.Host, name string, files ...File) (v1.Layer, error) {
	var parts []string
	for _, file := range files {
		sum, err := build.HashFile(file.Source)
		if err != nil {
			return nil, fmt.Errorf("packing the layer %q: %w", name, err)
		}
		parts = append(parts, file.Path, file.Mode.String(), sum)
	}
	return Pack(ctx, h, name, build.Key(parts...), func(_ context.Context, w *Writer) error {
		for _, file := range files {
			if err := w.File(file.Path, file.Mode, file.Source); err != nil {
				return err
			}
		}
		return nil
	})
}
