package images

import (
	"path/filepath"
	"strings"
)

// dispensable says whether a file of a Debian machine is of no use in an
// image: documentation, translations, what apt can fetch again, logs of the
// installation, and files that container runtimes bring themselves. Licences stay.
func dispensable(path string) bool {
	switch path {
	case "etc/hostname", "etc/resolv.conf", "etc/machine-id":
		return true
	}
	if doc, ok := strings.CutPrefix(path, "usr/share/doc/"); ok {
		return strings.Contains(doc, "/") && filepath.Base(doc) != "copyright"
	}
	for _, folder := range []string{
		"dev/", "usr/share/info/", "usr/share/lintian/", "usr/share/locale/", "usr/share/man/",
		"var/cache/apt/", "var/cache/ldconfig/", "var/lib/apt/lists/", "var/log/",
	} {
		if strings.HasPrefix(path, folder) {
			return true
		}
	}
	return false
}
