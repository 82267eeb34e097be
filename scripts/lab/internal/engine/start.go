package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/build"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/network"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/pki"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/registry"
)

// attempts is how often the engine may try to start: on a busy machine it may
// lose a race with its own dnsmasq, and ends.
const attempts = 3

// start makes the engine run with these programs and this SDK image.
func (e *Engine) start(ctx context.Context, tools string, sdk sdkImage) error {
	if err := e.connect(ctx); err != nil {
		return err
	}
	configuration, err := e.configure(ctx)
	if err != nil {
		return err
	}
	lab, err := e.host.Self()
	if err != nil {
		return err
	}
	code, err := build.Code(e.host, "engine")
	if err != nil {
		return err
	}
	p := host.Process{
		Name: process,
		Command: []string{
			"nsenter", "--net=" + namespaceFile,
			"unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation=private",
			lab, "engine-inside", "-tools", tools, "-content", sdk.layout, "-state", e.host.State("engine"),
		},
		Env: []string{
			digestVariable + "=" + sdk.digest,
			// The engine hands this on to its SDK's containers as GOPROXY.
			"_DAGGER_ENGINE_SYSTEMENV_GOPROXY=http://" + proxyAddress,
		},
		Inputs: build.Key(configuration, code),
		Ready:  e.answers,
	}
	return e.attempt(ctx, p)
}

func (e *Engine) attempt(ctx context.Context, p host.Process) error {
	var err error
	for range attempts {
		if err = e.host.Start(ctx, p); err == nil || ctx.Err() != nil {
			return err
		}
	}
	return err
}

// configure writes the engine's configuration and returns its hash.
func (e *Engine) configure(ctx context.Context) (string, error) {
	ca, err := pki.Load(ctx, e.host)
	if err != nil {
		return "", err
	}
	text, err := json.MarshalIndent(engineConfig(), "", "  ")
	if err != nil {
		return "", err
	}
	files := map[string]string{
		"engine.json": string(text) + "\n",
		"lab-ca.pem":  string(ca.PEM()),
		"hosts":       network.RegistryAddress + " " + strings.Join(registry.Hosts, " ") + "\n",
	}
	for name, content := range files {
		if _, err := host.Write(e.file(name), []byte(content), 0o644); err != nil {
			return "", err
		}
	}
	for _, dir := range []string{e.runDir(), e.dataDir()} {
		if err := os.MkdirAll(dir, 0o711); err != nil {
			return "", err
		}
	}
	return build.Key(files["engine.json"], files["lab-ca.pem"], files["hosts"]), nil
}

// engineConfig is the engine's own configuration file. Its cache gives up what
// was not used for longest, whatever that is, when it has outgrown its room.
// By default it would allow the caches that modules are compiled with no more
// than 512 MB, throw them away after most calls, and be slow at the next one.
func engineConfig() map[string]any {
	trust := map[string]any{}
	for _, name := range registry.Hosts {
		trust[name] = map[string]any{"ca": []string{caInside}}
	}
	keep := map[string]any{"all": true, "reservedSpace": "5GB", "maxUsedSpace": "20GB", "minFreeSpace": "5%"}
	return map[string]any{
		"logLevel":   "info",
		"gc":         map[string]any{"policies": []any{keep}},
		"registries": trust,
	}
}

// answers asks the engine for its version as a user would, and whether its
// name server lives: without that, only its containers would notice.
func (e *Engine) answers(ctx context.Context) error {
	if _, err := os.Stat(e.socket()); err != nil {
		return errors.New("the engine has no socket yet")
	}
	cmd := exec.CommandContext(ctx, e.CLI(), "core", "version", "--progress=plain")
	cmd.Env = append(os.Environ(), "_EXPERIMENTAL_DAGGER_RUNNER_HOST="+e.Host(), "DO_NOT_TRACK=1", "NO_COLOR=1")
	cmd.WaitDelay = time.Second
	got, err := host.Output(cmd)
	if err != nil {
		return fmt.Errorf("the engine does not answer: %w", err)
	}
	if got = strings.TrimSpace(got); got != version {
		return fmt.Errorf("the engine says it is %q, not %s", got, version)
	}
	return e.resolves()
}
