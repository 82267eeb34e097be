package engine

import (
	"context"
	"path/filepath"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/build"
)

const module = "github.com/dagger/dagger"

// tools builds Dagger's programs and returns their folder: the CLI (dagger),
// the engine, what the engine starts containers with (init), its plugin for
// names (dnsname), and the Go SDK's code generator (codegen).
func (e *Engine) tools(ctx context.Context) (string, error) {
	programs := []string{"codegen", "dagger", "dnsname", "engine", "init"}
	spec := build.Spec{
		Name:    "dagger",
		Version: version,
		Dir:     "dagger",
		Outputs: programs,
		LDFlags: "-X " + module + "/engine.Version=" + version + " -X " + module + "/engine.Tag=" + version,
		Tags:    []string{"dfexcludepatterns", "dfparents"},
	}
	for _, program := range programs {
		spec.Packages = append(spec.Packages, module+"/cmd/"+program)
	}
	return build.Tool(ctx, e.host, spec)
}

// CLI is the path of the dagger command once the engine has been up.
func (e *Engine) CLI() string { return e.host.Bin("dagger") }

// Host is the address of the engine for _EXPERIMENTAL_DAGGER_RUNNER_HOST.
func (e *Engine) Host() string { return "unix://" + e.socket() }

func (e *Engine) socket() string { return filepath.Join(e.runDir(), "engine.sock") }

// The folders below state/engine: run/ is the engine's /run/dagger, data/ its
// /var/lib/dagger, content/ holds the images that it brings along.
func (e *Engine) runDir() string          { return e.host.State("engine", "run") }
func (e *Engine) dataDir() string         { return e.host.State("engine", "data") }
func (e *Engine) file(name string) string { return e.host.State("engine", name) }
