// Package oci makes images out of files, without a daemon: layers, which are
// packed once and kept in the lab's cache, and the images and indexes made of
// them. The same inputs always make the same digests.
package oci

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/build"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
)

const (
	blobName  = "layer.tar.gz"
	sheetName = "layer.json"
)

// Pack returns the layer of name and key. It is written by fill, unless an
// earlier call has done that.
func Pack(ctx context.Context, h *host.Host, name, key string, fill func(context.Context, *Writer) error) (v1.Layer, error) {
	dir, err := build.Once(ctx, h, "layer-"+name, key, func(ctx context.Context, dir string) error {
		return Write(dir, func(w *Writer) error { return fill(ctx, w) })
	})
	if err != nil {
		return nil, fmt.Errorf("packing the layer %q: %w", name, err)
	}
	return Read(dir)
}

// Write packs a layer into the folder dir, where Read finds it.
func Write(dir string, fill func(*Writer) error) error {
	file, err := os.Create(filepath.Join(dir, blobName))
	if err != nil {
		return err
	}
	defer file.Close()
	compressed, plain := sha256.New(), sha256.New()
	// Speed matters more than size: layers travel no further than this machine.
	gz, err := gzip.NewWriterLevel(io.MultiWriter(file, compressed), gzip.BestSpeed)
	if err != nil {
		return err
	}
	w := newWriter(io.MultiWriter(gz, plain))
	if err := fill(w); err != nil {
		return err
	}
	if err := w.tar.Close(); err != nil {
		return err
	}
	if err := gz.Close(); err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil { // the last chance to hear of a full disk
		return err
	}
	sheet := sheet{Digest: sum(compressed), DiffID: sum(plain), Size: info.Size()}
	text, err := json.Marshal(sheet)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, sheetName), text, 0o644)
}

// Read returns the layer that Write packed into dir.
func Read(dir string) (v1.Layer, error) {
	text, err := os.ReadFile(filepath.Join(dir, sheetName))
	if err != nil {
		return nil, err
	}
	l := layer{blob: filepath.Join(dir, blobName)}
	if err := json.Unmarshal(text, &l.sheet); err != nil {
		return nil, fmt.Errorf("reading the layer in %q: %w; remove that folder", dir, err)
	}
	return l, nil
}

func sum(h hash.Hash) v1.Hash {
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(h.Sum(nil))}
}

// A sheet is what there is to know about a packed layer without reading it.
type sheet struct {
	Digest v1.Hash `json:"digest"` // of the compressed layer
	DiffID v1.Hash `json:"diffID"` // of its tar file
	Size   int64   `json:"size"`   // bytes, compressed
}

// A layer is a packed layer in the cache; it implements v1.Layer.
type layer struct {
	sheet sheet
	blob  string
}

func (l layer) Digest() (v1.Hash, error)            { return l.sheet.Digest, nil }
func (l layer) DiffID() (v1.Hash, error)            { return l.sheet.DiffID, nil }
func (l layer) Size() (int64, error)                { return l.sheet.Size, nil }
func (l layer) MediaType() (types.MediaType, error) { return types.OCILayer, nil }
func (l layer) Compressed() (io.ReadCloser, error)  { return os.Open(l.blob) }
func (l layer) Uncompressed() (io.ReadCloser, error) {
	file, err := os.Open(l.blob)
	if err != nil {
		return nil, err
	}
	gz, err := gzip.NewReader(file)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("reading the layer %q: %w", l.blob, err)
	}
	return struct {
		io.Reader
		io.Closer
	}{gz, file}, nil
}
