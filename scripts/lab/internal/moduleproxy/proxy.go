// Package moduleproxy answers the go command inside the engine's Go SDK, so
// that a Dagger module is built from the versions that are written down.
//
// The SDK runs "go get -u dagger.io/dagger@COMMIT" in every module that it
// loads. That would change versions under our feet, needs a repository that
// is not everywhere to be reached, and asks the world each time. So, for the
// SDK and what it requires:
//
//   - the commit is a published version;
//   - there is nothing newer than the version that is asked about.
//
// All else is answered from this machine's module cache where it has it, and
// by a redirect to the machine's own module proxy where it does not.
package moduleproxy

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// A Proxy is a GOPROXY; see https://go.dev/ref/mod#goproxy-protocol.
type Proxy struct {
	// Commits maps "MODULE@COMMIT" to the version that it was published as.
	Commits map[string]string

	// Frozen maps modules to their one version: "go get -u" finds no other.
	// An empty version means whichever is asked about.
	Frozen map[string]string

	// Cache is the machine's module cache (its cache/download folder).
	Cache string

	// Upstream is the address of the machine's own module proxy.
	Upstream string
}

// Freeze adds the modules that a go.mod requires to those that stay as they
// are, without naming a version.
func (p *Proxy) Freeze(gomod string) error {
	text, err := os.ReadFile(gomod)
	if err != nil {
		return err
	}
	file, err := modfile.ParseLax(gomod, text, nil)
	if err != nil {
		return fmt.Errorf("reading the requirements of %q: %w", gomod, err)
	}
	for _, r := range file.Require {
		if _, ok := p.Frozen[r.Mod.Path]; !ok {
			p.Frozen[r.Mod.Path] = ""
		}
	}
	return nil
}

// ServeHTTP answers one question of the go command. "Not found" is an answer
// too: the go command then takes what it has.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/")
	escaped, question, _ := strings.Cut(path, "/@") // "v/list", "v/VERSION.info", "latest" …
	mod, err := module.UnescapePath(escaped)
	if err != nil {
		mod = "" // something else than a module: the checksum database
	}
	version, isInfo := strings.CutSuffix(strings.TrimPrefix(question, "v/"), ".info")
	published := p.Commits[mod+"@"+version]
	pinned, frozen := p.Frozen[mod]

	switch {
	case isInfo && published != "":
		info(w, published)
	case isInfo && frozen:
		info(w, version)
	case frozen && question == "v/list":
		fmt.Fprintln(w, pinned)
	case frozen && question == "latest":
		http.NotFound(w, r)
	default:
		p.pass(w, r, path)
	}
}

func info(w http.ResponseWriter, version string) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, "{\"Version\":%q}\n", version)
}

// pass serves a file of the module cache, or says who else may have it. Lists
// and @latest change with time, so the cache's copies of them do not count.
func (p *Proxy) pass(w http.ResponseWriter, r *http.Request, path string) {
	if name := filepath.Join(p.Cache, filepath.Clean("/"+path)); isImmutable(path) {
		if file, err := os.Open(name); err == nil {
			defer file.Close()
			http.ServeContent(w, r, name, time.Time{}, file)
			return
		}
	}
	http.Redirect(w, r, strings.TrimSuffix(p.Upstream, "/")+"/"+path, http.StatusFound)
}

func isImmutable(path string) bool {
	switch filepath.Ext(path) {
	case ".info", ".mod", ".zip":
		return strings.Contains(path, "/@v/")
	}
	return false
}
