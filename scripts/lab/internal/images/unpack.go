package images

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
)

// merged are the folders that have been links into /usr since Debian 12.
var merged = []string{"bin", "lib", "lib64", "sbin"}

// unpack puts the files of packages into tree, without running their scripts.
func unpack(ctx context.Context, h *host.Host, debs []string, tree string) error {
	if err := os.MkdirAll(tree, 0o755); err != nil {
		return err
	}
	for _, deb := range debs {
		if err := h.Run(ctx, "dpkg-deb", "--extract", deb, tree); err != nil {
			return err
		}
	}
	// A folder in their place would hide all of /usr/bin from whoever looks
	// into /bin.
	for _, name := range merged {
		info, err := os.Lstat(filepath.Join(tree, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err == nil && info.IsDir() {
			return fmt.Errorf("unpacking packages: one of them has files in /%s, which is a link to /usr/%s", name, name)
		}
	}
	return nil
}
