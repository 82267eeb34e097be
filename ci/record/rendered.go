package record

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// Layers are all objects that one environment renders for a release.
type Layers struct {
	Platform []*cluster.Object `json:"platform,omitempty"`
	Data     []*cluster.Object `json:"data,omitempty"`
	// Slots are the release's objects for each slot that it may be placed in, so that a rollback into either slot applies
	// what was rendered then. The slot of an environment without slots is "".
	Slots map[string][]*cluster.Object `json:"slots"`
}

// Manifests is the digest of all objects, so that "nothing changed" can be told without a cluster.
func (l Layers) Manifests() (string, error) {
	hash := sha256.New()
	all := [][]*cluster.Object{l.Platform, l.Data}
	for _, slot := range slices.Sorted(maps.Keys(l.Slots)) {
		all = append(all, l.Slots[slot])
	}
	for _, objects := range all {
		data, err := json.Marshal(objects)
		if err != nil {
			return "", fmt.Errorf("encoding rendered objects: %w", err)
		}
		hash.Write(data)
	}
	return "sha256:" + hex.EncodeToString(hash.Sum(nil)), nil
}

// Rendered is Layers as a record keeps them: packed, and read only where they are applied, since a record has a hundred
// times more of it than of everything else.
type Rendered struct {
	packed []byte
	// unpacked reads packed once, however often the record is copied. A record of the first format, which had the objects
	// inside, has nothing packed.
	unpacked func() (Layers, error)
}

func rendered(packed []byte) Rendered {
	return Rendered{packed: packed, unpacked: sync.OnceValues(func() (Layers, error) {
		var layers Layers
		data, err := unpack(packed)
		if err == nil {
			err = json.Unmarshal(data, &layers)
		}
		if err != nil {
			return Layers{}, fmt.Errorf("reading recorded objects: %w", err)
		}
		return layers, nil
	})}
}

// Pack makes the layers ready to be recorded.
func Pack(layers Layers) (Rendered, error) {
	data, err := json.Marshal(layers)
	if err != nil {
		return Rendered{}, fmt.Errorf("encoding rendered objects: %w", err)
	}
	packed, err := pack(data)
	return Rendered{packed: packed, unpacked: func() (Layers, error) { return layers, nil }}, err
}

// Unpack returns the layers, whose objects are not to be changed; a record of the first format has neither platform nor data.
func (r Rendered) Unpack() (Layers, error) {
	if r.unpacked == nil {
		return Layers{}, errors.New("reading recorded objects: there are none")
	}
	return r.unpacked()
}

// maxRecord bounds an unpacked record, in bytes: a guard against a Secret that somebody prepared.
const maxRecord = 64 << 20

func pack(data []byte) ([]byte, error) {
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	if _, err := writer.Write(data); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

func unpack(packed []byte) ([]byte, error) {
	if len(packed) == 0 {
		return nil, errors.New("there is nothing in it")
	}
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(reader, maxRecord+1))
	if err == nil && len(data) > maxRecord {
		err = fmt.Errorf("it has more than %d bytes unpacked", maxRecord)
	}
	return data, err
}
