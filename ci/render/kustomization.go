package render

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Kustomization renders a folder of the manifests as it stands, such as
// "monitoring": its objects, in the order in which to apply them. Dir is the
// folder of the manifests, k8s in the repository.
func Kustomization(ctx context.Context, dir, folder string) ([]*unstructured.Unstructured, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	files, err := load(dir)
	if err != nil {
		return nil, fmt.Errorf("rendering %s: %w", folder, err)
	}
	target := root + "/" + folder
	if kustomizationFile(files, target) == "" {
		return nil, fmt.Errorf("rendering %s: %q has no %s/kustomization.yaml; give the folder of the manifests, k8s in the repository", folder, dir, folder)
	}
	if err := checkInputs(files, target); err != nil {
		return nil, fmt.Errorf("rendering %s: %w", folder, err)
	}
	objects, err := build(files, target)
	if err != nil {
		return nil, fmt.Errorf("rendering %s: %w; `kubectl kustomize %s/%s` shows the same", folder, err, dir, folder)
	}
	return objects, nil
}
