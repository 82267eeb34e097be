package render

import (
	"context"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// A Pinner gives an image the digest that its tag stands for: repository:tag@sha256:….
type Pinner func(ctx context.Context, image string) (string, error)

// Pin gives the images of objects their digests, those that have one already excepted. A release pins its own; this is
// for the layers that belong to no release.
func Pin(ctx context.Context, objects []*unstructured.Unstructured, pin Pinner) error {
	pinned := map[string]string{}
	for _, image := range Images(objects) {
		pinned[image] = image
		if !strings.Contains(image, "@") {
			var err error
			if pinned[image], err = pin(ctx, image); err != nil {
				return err
			}
		}
	}
	for _, object := range objects {
		for _, container := range containers(object) {
			image, _ := container["image"].(string)
			container["image"] = pinned[image]
		}
	}
	return nil
}
