package oci

import (
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// An Image is what runs on one kind of processor.
type Image struct {
	Architecture string // amd64 or arm64
	Config       v1.Config
	Layers       []v1.Layer // the lowest first
}

// Index makes the image that clients know by one name and that fits each of
// their platforms.
func Index(images ...Image) (v1.ImageIndex, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, image := range images {
		built, err := image.build()
		if err != nil {
			return nil, fmt.Errorf("making the image for %s: %w", image.Architecture, err)
		}
		platform := image.platform()
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        built,
			Descriptor: v1.Descriptor{Platform: &platform},
		})
	}
	return index, nil
}

func (i Image) build() (v1.Image, error) {
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err := mutate.AppendLayers(image, i.Layers...)
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	platform := i.platform()
	config.OS, config.Architecture, config.Variant = platform.OS, platform.Architecture, platform.Variant
	config.Created = v1.Time{Time: written}
	config.Config = i.Config
	return mutate.ConfigFile(image, config)
}

// platform is the processor as public images name it.
func (i Image) platform() v1.Platform {
	platform := v1.Platform{OS: "linux", Architecture: i.Architecture}
	if i.Architecture == "arm64" {
		platform.Variant = "v8"
	}
	return platform
}
