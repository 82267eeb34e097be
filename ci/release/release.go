// Package release describes a release: a version, the commit that it was built
// from, and the digest of each of its images. A release is built once; every
// environment runs the same digests.
package release

import (
	"cmp"
	"encoding/json"
	"maps"
	"time"
)

// Release is what publish returns and deploy takes. A release is immutable:
// nothing in the pipeline changes one after it was made.
type Release struct {
	// Version names the release; see NewVersion and CheckVersion.
	Version string `json:"version"`
	// Commit is the hash of the source's commit; empty when it is not known.
	Commit string `json:"commit,omitempty"`
	// Created is the time of the commit, in UTC, so that the same source gives
	// the same release file.
	Created time.Time `json:"created,omitzero"`
	// Images maps each service, and the smoke suite, to repository@sha256:….
	Images map[string]string `json:"images"`
}

// JSON is the release file: indented, keys in a fixed order, ending in a newline.
func (r Release) JSON() []byte {
	r.Created = r.Created.UTC()
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		// Only a year beyond 9999 gets here, which no clock gives.
		panic(err)
	}
	return append(data, '\n')
}

// Same says whether both run the same: every image by the same digest. The
// version does not matter, since a commit need not change an image.
func (r Release) Same(other Release) bool {
	return maps.Equal(r.Images, other.Images)
}

// Compare orders releases from old to new, for slices.SortFunc: by the time of
// the commit, then by version.
func Compare(a, b Release) int {
	return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.Version, b.Version))
}
