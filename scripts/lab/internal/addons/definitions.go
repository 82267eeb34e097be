package addons

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// definitions are the modules of builds/definitions, each with its folder of
// CustomResourceDefinitions. A controller runs for the Gateway API alone; with
// the others, the API server checks what is written for them.
var definitions = map[string]string{
	"sigs.k8s.io/gateway-api":                            "config/crd/standard",
	"github.com/prometheus-operator/prometheus-operator": "example/prometheus-operator-crd",
	"github.com/cert-manager/cert-manager":               "deploy/crds",
}

// define gives the definitions to the API server, and returns when it serves
// the one that the manifests use.
func (a *Addons) define(ctx context.Context) error {
	folders, err := a.definitionFolders(ctx)
	if err != nil {
		return err
	}
	if err := a.apply(ctx, nil, folders...); err != nil {
		return err
	}
	return a.kubectl(ctx, nil, "wait", "--for=condition=Established", "--timeout=1m", "customresourcedefinition/gatewayclasses.gateway.networking.k8s.io")
}

// definitionFolders are where the definitions lie, downloaded if need be.
func (a *Addons) definitionFolders(ctx context.Context) ([]string, error) {
	text, err := a.host.Output(ctx, "go", "-C", a.host.Lab("builds", "definitions"), "mod", "download", "-json")
	if err != nil {
		return nil, err
	}
	var folders []string
	for decoder := json.NewDecoder(strings.NewReader(text)); ; {
		var module struct{ Path, Dir string }
		err := decoder.Decode(&module)
		if errors.Is(err, io.EOF) {
			return folders, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading where modules are: %w", err)
		}
		folder, known := definitions[module.Path]
		if !known {
			return nil, fmt.Errorf("builds/definitions has the module %q, and definitions.go does not say in which of its folders the definitions are", module.Path)
		}
		folders = append(folders, filepath.Join(module.Dir, folder))
	}
}
