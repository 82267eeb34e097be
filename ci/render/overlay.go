package render

import (
	"fmt"
	"path/filepath"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/resid"
	"sigs.k8s.io/yaml"
)

const (
	overlayDir = "/release"
	// slotConfig is the ConfigMap that every container of a slot takes its
	// environment from.
	slotConfig = "slot-config"
)

// addRelease writes an overlay over target that says which release this is, and
// returns its path. By hand one would write the same kustomization.
func addRelease(files filesys.FileSystem, target string, options Options) (string, error) {
	base, err := filepath.Rel(overlayDir, target)
	if err != nil {
		return "", err
	}
	overlay := types.Kustomization{
		TypeMeta:  types.TypeMeta{APIVersion: types.KustomizationVersion, Kind: types.KustomizationKind},
		Resources: []string{base},
		Labels: []types.Label{{
			Pairs:            map[string]string{VersionLabel: options.Release.Version},
			IncludeTemplates: true,
		}},
		ConfigMapGenerator: []types.ConfigMapArgs{{GeneratorArgs: types.GeneratorArgs{
			Name:          slotConfig,
			Behavior:      types.BehaviorMerge.String(),
			KvPairSources: types.KvPairSources{LiteralSources: []string{"RELEASE=" + options.Release.Version}},
		}}},
	}
	for _, service := range options.Application.Services {
		image, released := options.Release.Images[service.Name]
		if !released {
			// The image stays as it is on disk, which the check refuses.
			continue
		}
		patch, err := pin(service.Name, image)
		if err != nil {
			return "", err
		}
		overlay.Patches = append(overlay.Patches, patch)
	}
	data, err := yaml.Marshal(overlay)
	if err != nil {
		return "", fmt.Errorf("writing the release's overlay: %w", err)
	}
	return overlayDir, files.WriteFile(overlayDir+"/kustomization.yaml", data)
}

// pin gives the container of a service its image. It goes by the container's
// name, not by the image's as kustomize's own `images` does, so that a release
// may come from any repository.
func pin(service, image string) (types.Patch, error) {
	patch, err := yaml.Marshal(map[string]any{
		"apiVersion": "apps/v1",
		"kind":       "Deployment",
		"metadata":   map[string]any{"name": service},
		"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
			"containers": []any{map[string]any{
				"name":  service,
				"image": image,
				// A digest never changes: a node that has it need not ask again.
				"imagePullPolicy": "IfNotPresent",
			}},
		}}},
	})
	return types.Patch{
		Patch:  string(patch),
		Target: &types.Selector{ResId: resid.ResId{Gvk: resid.Gvk{Kind: "Deployment"}}, LabelSelector: AppLabel + "=" + service},
	}, err
}
