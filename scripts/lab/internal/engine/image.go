package engine

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/build"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
)

// writeImage makes an OCI layout of the layers, in a folder named by their
// digests; the engine may still be reading an older one.
func (e *Engine) writeImage(layers []string) (sdkImage, error) {
	image, err := assemble(layers)
	if err != nil {
		return sdkImage{}, fmt.Errorf("assembling the image of the Go SDK: %w", err)
	}
	digest, err := image.Digest()
	if err != nil {
		return sdkImage{}, err
	}
	made := sdkImage{layout: e.file("content-" + digest.Hex[:12]), digest: digest.String()}
	if _, err := os.Stat(filepath.Join(made.layout, "index.json")); err == nil {
		return made, nil
	}
	if err := e.removeImages(); err != nil {
		return sdkImage{}, err
	}
	path, err := layout.Write(made.layout, empty.Index)
	if err != nil {
		return sdkImage{}, err
	}
	if err := linkBlobs(made.layout, image); err != nil {
		return sdkImage{}, err
	}
	return made, path.AppendImage(image)
}

func (e *Engine) removeImages() error {
	old, err := filepath.Glob(e.file("content-*"))
	if err != nil {
		return err
	}
	for _, dir := range old {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return nil
}

func assemble(layers []string) (v1.Image, error) {
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	for _, file := range layers {
		layer, err := openLayer(file)
		if err != nil {
			return nil, err
		}
		if image, err = mutate.AppendLayers(image, layer); err != nil {
			return nil, err
		}
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", "amd64"
	config.Config.WorkingDir = "/go"
	config.Config.Env = []string{
		"PATH=/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"GOPATH=/go",
		"GOTOOLCHAIN=local",
		"CGO_ENABLED=0",
	}
	return mutate.ConfigFile(image, config)
}

// linkBlobs puts the layers into the layout as hard links: they are big, and
// on the same file system.
func linkBlobs(dir string, image v1.Image) error {
	layers, err := image.Layers()
	if err != nil {
		return err
	}
	blobs := filepath.Join(dir, "blobs", "sha256")
	if err := os.MkdirAll(blobs, 0o755); err != nil {
		return err
	}
	for _, l := range layers {
		file, ok := l.(*fileLayer)
		if !ok {
			continue
		}
		if err := os.Link(file.path, filepath.Join(blobs, file.digest.Hex)); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

// A fileLayer is a tar file as a layer, not compressed: it never travels.
type fileLayer struct {
	path   string
	digest v1.Hash
	size   int64
}

// openLayer describes the layer in a tar file. Its digest is kept beside it,
// since hashing it takes seconds.
func openLayer(path string) (*fileLayer, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	stamp := fmt.Sprintf("%d %d ", info.Size(), info.ModTime().UnixNano())
	note, _ := os.ReadFile(path + ".sha256") // absent or old, it is made anew
	sum, known := bytes.CutPrefix(note, []byte(stamp))
	if !known {
		hash, err := build.HashFile(path)
		if err != nil {
			return nil, err
		}
		sum = []byte(hash)
		if _, err := host.Write(path+".sha256", append([]byte(stamp), sum...), 0o644); err != nil {
			return nil, err
		}
	}
	return &fileLayer{path: path, digest: v1.Hash{Algorithm: "sha256", Hex: string(sum)}, size: info.Size()}, nil
}

func (l *fileLayer) Digest() (v1.Hash, error)             { return l.digest, nil }
func (l *fileLayer) DiffID() (v1.Hash, error)             { return l.digest, nil }
func (l *fileLayer) Size() (int64, error)                 { return l.size, nil }
func (l *fileLayer) MediaType() (types.MediaType, error)  { return types.OCIUncompressedLayer, nil }
func (l *fileLayer) Compressed() (io.ReadCloser, error)   { return os.Open(l.path) }
func (l *fileLayer) Uncompressed() (io.ReadCloser, error) { return os.Open(l.path) }

// tarOf is a tar file that holds one file.
func tarOf(name string, content []byte) ([]byte, error) {
	var text bytes.Buffer
	w := tar.NewWriter(&text)
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}); err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	return text.Bytes(), w.Close()
}
