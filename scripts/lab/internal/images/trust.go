package images

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/build"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/oci"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/pki"
)

const (
	// bundle is what programs on Debian trust.
	bundle = "etc/ssl/certs/ca-certificates.crt"

	// extras are the certificates that update-ca-certificates adds to those
	// of the package when it writes the bundle anew.
	extras = "usr/local/share/ca-certificates"
)

// packTrust packs the layer of certificates: what this machine trusts (its way
// out of the network may have an authority of its own), and the lab's.
func packTrust(ctx context.Context, h *host.Host) (v1.Layer, error) {
	authority, err := pki.Load(ctx, h)
	if err != nil {
		return nil, err
	}
	trusted, err := os.ReadFile("/" + bundle)
	if err != nil {
		return nil, fmt.Errorf("reading the certificates that this machine trusts: %w", err)
	}
	own, err := filepath.Glob("/" + extras + "/*.crt")
	if err != nil {
		return nil, err
	}
	return packCertificates(ctx, h, trusted, authority.PEM(), own)
}

func packCertificates(ctx context.Context, h *host.Host, trusted, lab []byte, own []string) (v1.Layer, error) {
	files := map[string][]byte{
		bundle:              slices.Concat(trusted, lab),
		extras + "/lab.crt": lab,
	}
	for _, path := range own {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		files[extras+"/machine-"+filepath.Base(path)] = text
	}
	return packTexts(ctx, h, "trust", files)
}

// packTexts packs a layer of files that everybody may read.
func packTexts(ctx context.Context, h *host.Host, name string, files map[string][]byte) (v1.Layer, error) {
	var parts []string
	for _, path := range slices.Sorted(maps.Keys(files)) {
		parts = append(parts, path, string(files[path]))
	}
	return oci.Pack(ctx, h, name, build.Key(parts...), func(_ context.Context, w *oci.Writer) error {
		for _, path := range slices.Sorted(maps.Keys(files)) {
			if err := w.Text(path, 0o644, files[path]); err != nil {
				return err
			}
		}
		return nil
	})
}
