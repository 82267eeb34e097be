package images

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
)

// suite is the Debian release that the images are made of, whatever this
// machine runs.
const suite = "trixie"

// keyring signs Debian's archives; the images have it at the same path.
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

// aptSettings are how this machine reaches Debian's archive. The images get
// them, too, so that apt works in them as it does here.
type aptSettings struct {
	sources []string // lines of a sources.list, of suite
	options []string // lines of an apt.conf: proxies, certificates, clocks
}

func readAptSettings(ctx context.Context, h *host.Host) (aptSettings, error) {
	release, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return aptSettings{}, fmt.Errorf("finding out which Debian this is: %w", err)
	}
	targets, err := h.Output(ctx, "apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages")
	if err != nil {
		return aptSettings{}, err
	}
	options, err := h.Output(ctx, "apt-config", "dump", "--format", `%f "%v";%n`, "Acquire")
	if err != nil {
		return aptSettings{}, err
	}
	sources, err := translate(targets, codename(string(release)))
	return aptSettings{sources: sources, options: travelling(options)}, err
}

// codename is the name of the Debian release in the text of an os-release(5).
func codename(release string) string {
	for line := range strings.Lines(release) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "VERSION_CODENAME="); ok {
			return strings.Trim(name, `"`)
		}
	}
	return ""
}

// translate turns the sources of this machine ("URI RELEASE" lines) into those
// of suite: the same mirrors for bookworm, bookworm-updates and
// bookworm-security serve trixie and its kin.
func translate(targets, codename string) ([]string, error) {
	var sources []string
	seen := map[string]bool{}
	for line := range strings.Lines(targets) {
		fields := strings.Fields(line)
		if len(fields) != 2 || codename == "" {
			continue
		}
		kin, ok := strings.CutPrefix(fields[1], codename)
		if !ok || (kin != "" && kin != "-updates" && kin != "-security") {
			continue
		}
		source := fmt.Sprintf("deb [signed-by=%s] %s %s%s main", keyring, strings.TrimSuffix(fields[0], "/"), suite, kin)
		if !seen[source] {
			seen[source] = true
			sources = append(sources, source)
		}
	}
	if len(sources) == 0 {
		return nil, errors.New("finding a mirror of Debian: apt's sources on this machine name none for its own release; the lab needs a Debian machine whose apt works")
	}
	return sources, nil
}

// travelling picks the settings of apt that tell how to reach an archive.
func travelling(options string) []string {
	var kept []string
	for scanner := bufio.NewScanner(strings.NewReader(options)); scanner.Scan(); {
		line := scanner.Text()
		for _, prefix := range []string{"Acquire::http::", "Acquire::https::", "Acquire::Check-", "Acquire::Retries", "Acquire::ForceIP"} {
			if strings.HasPrefix(line, prefix) {
				kept = append(kept, line)
			}
		}
	}
	return kept
}
