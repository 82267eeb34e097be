package image

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// layout is an OCI image layout inside a tar file. Blobs are read where they
// lie, since unpacking hundreds of megabytes only to push them doubles the work.
type layout struct {
	file  *os.File
	spans map[string]span // by the path inside the tar file
}

// span is where a file's bytes lie in the tar file.
type span struct{ offset, size int64 }

// openLayout finds what lies where; the caller closes it after the last read.
func openLayout(path string) (*layout, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	opened := &layout{file: file, spans: map[string]span{}}
	if err := opened.scan(); err != nil {
		return nil, errors.Join(fmt.Errorf("reading %q as tar file: %w", path, err), file.Close())
	}
	if _, ok := opened.spans["index.json"]; !ok {
		return nil, errors.Join(fmt.Errorf("reading %q: no OCI layout, it has no index.json", path), file.Close())
	}
	return opened, nil
}

func (l *layout) scan() error {
	reader := tar.NewReader(l.file)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		// tar.Reader does not read ahead, so the file stands at the entry's bytes.
		offset, err := l.file.Seek(0, io.SeekCurrent)
		if err != nil {
			return err
		}
		l.spans[path.Clean(header.Name)] = span{offset, header.Size}
	}
}

func (l *layout) Close() error { return l.file.Close() }

func (l *layout) open(path string) (*io.SectionReader, error) {
	at, ok := l.spans[path]
	if !ok {
		return nil, fmt.Errorf("reading OCI layout: it has no %s", path)
	}
	return io.NewSectionReader(l.file, at.offset, at.size), nil
}

func (l *layout) blob(digest v1.Hash) (*io.SectionReader, error) {
	return l.open(path.Join("blobs", digest.Algorithm, digest.Hex))
}

// images lists the images of the layout, one a platform. A builder lists them
// in index.json itself or in one index that index.json names.
func (l *layout) images() ([]v1.Image, error) {
	reader, err := l.open("index.json")
	if err != nil {
		return nil, err
	}
	top, err := v1.ParseIndexManifest(reader)
	if err != nil {
		return nil, fmt.Errorf("reading OCI layout: parsing index.json: %w", err)
	}
	if len(top.Manifests) == 1 && top.Manifests[0].MediaType.IsIndex() {
		if reader, err = l.blob(top.Manifests[0].Digest); err != nil {
			return nil, err
		}
		if top, err = v1.ParseIndexManifest(reader); err != nil {
			return nil, fmt.Errorf("reading OCI layout: parsing its index: %w", err)
		}
	}
	images := make([]v1.Image, 0, len(top.Manifests))
	for _, descriptor := range top.Manifests {
		image, err := partial.CompressedToImage(&layoutImage{layout: l, descriptor: descriptor})
		if err != nil {
			return nil, fmt.Errorf("reading OCI layout: image %s: %w", descriptor.Digest, err)
		}
		images = append(images, image)
	}
	return images, nil
}

// layoutImage and layoutLayer are what go-containerregistry needs to know of an
// image to push it.
type layoutImage struct {
	layout     *layout
	descriptor v1.Descriptor
}

func (i *layoutImage) MediaType() (types.MediaType, error) { return i.descriptor.MediaType, nil }

func (i *layoutImage) RawManifest() ([]byte, error) { return i.read(i.descriptor.Digest) }

func (i *layoutImage) RawConfigFile() ([]byte, error) {
	manifest, err := i.manifest()
	if err != nil {
		return nil, err
	}
	return i.read(manifest.Config.Digest)
}

func (i *layoutImage) LayerByDigest(digest v1.Hash) (partial.CompressedLayer, error) {
	manifest, err := i.manifest()
	if err != nil {
		return nil, err
	}
	for _, descriptor := range append(manifest.Layers, manifest.Config) {
		if descriptor.Digest == digest {
			return &layoutLayer{layout: i.layout, descriptor: descriptor}, nil
		}
	}
	return nil, fmt.Errorf("image has no layer %s", digest)
}

func (i *layoutImage) manifest() (*v1.Manifest, error) {
	raw, err := i.RawManifest()
	if err != nil {
		return nil, err
	}
	manifest := &v1.Manifest{}
	if err := json.Unmarshal(raw, manifest); err != nil {
		return nil, fmt.Errorf("parsing manifest: %w", err)
	}
	return manifest, nil
}

// read checks what it read: an archive that was cut or changed must not become
// an image.
func (i *layoutImage) read(digest v1.Hash) ([]byte, error) {
	reader, err := i.layout.blob(digest)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(reader)
	if err != nil {
		return nil, err
	}
	if got, _, err := v1.SHA256(bytes.NewReader(data)); err != nil || got != digest {
		return nil, fmt.Errorf("content of %s does not have that digest", digest)
	}
	return data, nil
}

type layoutLayer struct {
	layout     *layout
	descriptor v1.Descriptor
}

func (l *layoutLayer) Digest() (v1.Hash, error)            { return l.descriptor.Digest, nil }
func (l *layoutLayer) Size() (int64, error)                { return l.descriptor.Size, nil }
func (l *layoutLayer) MediaType() (types.MediaType, error) { return l.descriptor.MediaType, nil }
func (l *layoutLayer) Descriptor() (*v1.Descriptor, error) { return &l.descriptor, nil }
func (l *layoutLayer) Compressed() (io.ReadCloser, error) {
	reader, err := l.layout.blob(l.descriptor.Digest)
	return io.NopCloser(reader), err
}
