package images

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
)

// An archive is Debian's, of one platform, as a private apt sees it: this
// machine's own apt, its lists and its locks are left alone.
type archive struct {
	host     *host.Host
	platform string
	dir      string
}

func openArchive(ctx context.Context, h *host.Host, settings aptSettings, platform string) (*archive, error) {
	dir := h.Cache(".apt-" + platform)
	if err := os.RemoveAll(dir); err != nil { // what a killed lab left
		return nil, err
	}
	a := &archive{host: h, platform: platform, dir: dir}
	for _, folder := range []string{"lists/partial", "etc/apt.conf.d", "etc/preferences.d"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			return nil, err
		}
	}
	config := []string{
		fmt.Sprintf("Dir::Etc %q;", filepath.Join(dir, "etc")),
		fmt.Sprintf("Dir::State %q;", dir),
		fmt.Sprintf("Dir::Cache %q;", dir),
		fmt.Sprintf("APT::Architecture %q;", platform),
		fmt.Sprintf("APT::Architectures %q;", platform),
		`Acquire::Languages "none";`,
		`APT::Sandbox::User "root";`, // apt's own user may not enter the cache
	}
	for name, lines := range map[string][]string{
		"apt.conf":         append(config, settings.options...),
		"etc/sources.list": settings.sources,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			return nil, err
		}
	}
	return a, a.apt(ctx, noPackages, "update")
}

// noPackages is the dpkg status of a machine that has none.
const noPackages = os.DevNull

// fetch downloads packages, with those they depend on, into a new folder and
// returns the files. What the dpkg status of that file has, is not fetched.
func (a *archive) fetch(ctx context.Context, status string, packages ...string) ([]string, error) {
	into, err := os.MkdirTemp(a.dir, "fetched-")
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(filepath.Join(into, "partial"), 0o755); err != nil {
		return nil, err
	}
	args := []string{"install", "--download-only", "--yes", "--no-install-recommends", "-o", "Dir::Cache::archives=" + into}
	if err := a.apt(ctx, status, append(args, packages...)...); err != nil {
		return nil, err
	}
	return filepath.Glob(filepath.Join(into, "*.deb"))
}

func (a *archive) apt(ctx context.Context, status string, args ...string) error {
	return a.host.Run(ctx, append([]string{
		"env", "APT_CONFIG=" + filepath.Join(a.dir, "apt.conf"), "DEBIAN_FRONTEND=noninteractive",
		"apt-get", "-o", "Dir::State::status=" + status,
	}, args...)...)
}
