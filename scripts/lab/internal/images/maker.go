package images

import (
	"context"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
)

const (
	// native is the platform whose packages can run their scripts here;
	// foreign packages are only unpacked, nothing is emulated.
	native  = "amd64"
	foreign = "arm64"

	// edition stands for the code of this package in the keys of the cache.
	// Raise it when the same packages come to make other images.
	edition = "2"
)

var platforms = []string{native, foreign}

// A maker makes images.
type maker struct {
	host  *host.Host
	apt   aptSettings
	trust v1.Layer

	// archives are Debian's packages by platform, opened when something has
	// to be fetched.
	archives map[string]*archive
}

func newMaker(ctx context.Context, h *host.Host) (*maker, error) {
	if err := h.Install(ctx, "ca-certificates", "mmdebstrap"); err != nil {
		return nil, err
	}
	apt, err := readAptSettings(ctx, h)
	if err != nil {
		return nil, err
	}
	trust, err := packTrust(ctx, h)
	if err != nil {
		return nil, err
	}
	return &maker{host: h, apt: apt, trust: trust, archives: map[string]*archive{}}, nil
}

// archive returns the Debian archive of a platform, as of the first call.
func (m *maker) archive(ctx context.Context, platform string) (*archive, error) {
	if open, ok := m.archives[platform]; ok {
		return open, nil
	}
	opened, err := openArchive(ctx, m.host, m.apt, platform)
	if err != nil {
		return nil, err
	}
	m.archives[platform] = opened
	return opened, nil
}

func (m *maker) close() {
	for _, archive := range m.archives {
		_ = os.RemoveAll(archive.dir) // only lists; they are fetched anew each time
	}
}
