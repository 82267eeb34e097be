package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/build"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/network"
)

const proxyAddress = network.RegistryAddress + ":8081"

// startModuleProxy starts the proxy that the SDK gets its Go modules from.
func (e *Engine) startModuleProxy(ctx context.Context) error {
	env, err := goEnv(ctx, e.host)
	if err != nil {
		return err
	}
	upstream, err := firstProxy(env["GOPROXY"])
	if err != nil {
		return err
	}
	sdk, err := e.sdkGoMod(ctx)
	if err != nil {
		return err
	}
	self, err := e.host.Self()
	if err != nil {
		return err
	}
	code, err := build.Code(e.host, "moduleproxy")
	if err != nil {
		return err
	}
	command := []string{
		self, "module-proxy", "-listen", proxyAddress, "-upstream", upstream,
		"-cache", filepath.Join(env["GOMODCACHE"], "cache", "download"),
		"-commit", sdkCommit + "=" + version, "-pin", "dagger.io/dagger=" + version,
		"-freeze", sdk,
	}
	for _, pin := range pins {
		command = append(command, "-pin", pin)
	}
	return e.host.Start(ctx, host.Process{Name: moduleProxy, Command: command, Inputs: code, Ready: proxyAnswers})
}

func proxyAnswers(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+proxyAddress+"/dagger.io/dagger/@v/list", nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the module proxy answers %s", answer.Status)
	}
	return nil
}

// sdkGoMod is the path of the go.mod of the SDK that modules are built with.
func (e *Engine) sdkGoMod(ctx context.Context) (string, error) {
	text, err := e.host.Output(ctx, "go", "-C", e.host.Lab("builds", "dagger"), "mod", "download", "-json", "dagger.io/dagger@"+version)
	if err != nil {
		return "", err
	}
	var answer struct{ GoMod string }
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		return "", fmt.Errorf("finding the go.mod of Dagger's Go SDK: %w", err)
	}
	return answer.GoMod, nil
}

func goEnv(ctx context.Context, h *host.Host) (map[string]string, error) {
	text, err := h.Output(ctx, "go", "env", "-json", "GOPROXY", "GOMODCACHE", "GOROOT", "GOVERSION")
	if err != nil {
		return nil, err
	}
	env := map[string]string{}
	return env, json.Unmarshal([]byte(text), &env)
}

// firstProxy is the first web address in a GOPROXY list.
func firstProxy(list string) (string, error) {
	for entry := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' || r == '|' }) {
		if strings.HasPrefix(entry, "http://") || strings.HasPrefix(entry, "https://") {
			return entry, nil
		}
	}
	return "", fmt.Errorf("GOPROXY=%q names no http or https address; set it to a Go module proxy (`go help goproxy`)", list)
}
