// Package render turns the kustomizations of k8s/ into the objects of one
// layer, for an environment, a slot and a release.
//
// It runs kustomize in process and gives what `kubectl kustomize` gives; over
// the slot layer it lays one more overlay, in memory, that says which release
// this is. What comes out is checked before anyone applies it.
package render

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// Layer renders one layer: its objects, in the order in which to apply them.
// The same options and files give the same objects. The error names the
// kustomization that does not build, or every object that is not what a deploy
// needs.
func Layer(ctx context.Context, options Options) ([]*unstructured.Unstructured, error) {
	if err := options.validate(); err != nil {
		return nil, err
	}
	// kustomize itself cannot be cancelled; it takes well below a second.
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	files, err := load(options.Dir)
	if err != nil {
		return nil, fmt.Errorf("rendering %s: %w", options.describe(), err)
	}
	target := options.kustomization()
	if kustomizationFile(files, target) == "" {
		return nil, fmt.Errorf("rendering %s: %q has no %s/kustomization.yaml; give the folder of the manifests, k8s in the repository",
			options.describe(), options.Dir, options.relative())
	}
	if err := checkInputs(files, target); err != nil {
		return nil, fmt.Errorf("rendering %s: %w", options.describe(), err)
	}
	if options.Layer == Slot {
		if target, err = addRelease(files, target, options); err != nil {
			return nil, fmt.Errorf("rendering %s: %w", options.describe(), err)
		}
	}
	objects, err := build(files, target)
	if err != nil {
		return nil, fmt.Errorf("rendering %s: %w; `kubectl kustomize %s/%s` shows the same", options.describe(), err, options.Dir, options.relative())
	}
	if problems := check(objects, options); len(problems) > 0 {
		return nil, &UnfitError{Rendered: options.describe(), Problems: problems}
	}
	return objects, nil
}

func build(files filesys.FileSystem, target string) ([]*unstructured.Unstructured, error) {
	settings := krusty.MakeDefaultOptions()
	// The order of `kubectl apply -k`: the namespace first, then what others
	// refer to, then the workloads.
	settings.Reorder = krusty.ReorderOptionLegacy
	resources, err := krusty.MakeKustomizer(settings).Run(files, target)
	if err != nil {
		return nil, err
	}
	return convert(resources)
}

// convert goes by way of JSON, since unstructured objects hold numbers as int64
// and float64 and kustomize's hold them otherwise.
func convert(resources resmap.ResMap) ([]*unstructured.Unstructured, error) {
	objects := make([]*unstructured.Unstructured, 0, resources.Size())
	for _, resource := range resources.Resources() {
		data, err := resource.MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("reading %q: %w", resource.CurId(), err)
		}
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(data); err != nil {
			return nil, fmt.Errorf("reading %q: %w", resource.CurId(), err)
		}
		objects = append(objects, object)
	}
	return objects, nil
}
