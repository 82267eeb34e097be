package release

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/codingbutter/team-dashboard/ci/config"
)

const (
	stampLayout = "20060102T150405"
	hashLength  = 7
	dirtyLength = 8
)

// NewVersion names what is built from a source: the UTC time of its commit and
// the commit's short hash, 20261123T101530-1a2b3c4. A tree that differs from
// its commit gives its digest too (hex, with or without "sha256:"), of which
// the first 8 digits are added: 20261123T101530-1a2b3c4-0f9e8d7c. Leave it
// empty for a clean tree, and hash empty for a source without a commit.
//
// The same source has the same version, and later commits sort later.
func NewVersion(commitTime time.Time, hash, dirtyDigest string) string {
	parts := []string{commitTime.UTC().Format(stampLayout)}
	for _, part := range []string{short(hash, hashLength), short(strings.TrimPrefix(dirtyDigest, "sha256:"), dirtyLength)} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "-")
}

func short(hex string, length int) string {
	return hex[:min(len(hex), length)]
}

var named = regexp.MustCompile(`^(\d{8}T\d{6})-([0-9a-f]{7})(-[0-9a-f]{8})?$`)

// SplitVersion gives back the commit's time and short hash from a version that
// NewVersion made of a commit. ok is false for any other version, such as v1.0.0.
func SplitVersion(version string) (commitTime time.Time, hash string, ok bool) {
	parts := named.FindStringSubmatch(version)
	if parts == nil {
		return time.Time{}, "", false
	}
	commitTime, err := time.Parse(stampLayout, parts[1])
	return commitTime, parts[2], err == nil
}

// A version is at once an image tag ([a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}) and the
// value of the label app.kubernetes.io/version (at most 63 characters, a letter
// or digit at both ends); this is what both take.
var wellFormed = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9._-]{0,61}[a-zA-Z0-9])?$`)

// CheckVersion refuses what cannot be an image tag and a label's value.
func CheckVersion(version string) error {
	if !wellFormed.MatchString(version) {
		return fmt.Errorf("version %q: not usable as image tag and label; use at most 63 letters, digits, dots, dashes and underscores, with a letter or digit at both ends, such as v1.0.0", version)
	}
	return nil
}

// CheckVersionFor is CheckVersion for an application, and also refuses the tags
// that its deploys move, in any case: they name what runs now, not a release.
func CheckVersionFor(app config.Application, version string) error {
	for _, tag := range app.MovingTags() {
		if strings.EqualFold(tag, version) {
			return fmt.Errorf("version %q: a tag that every deploy moves, not a release; give the release's own version, which status and history tell, or another name to publish under", version)
		}
	}
	return CheckVersion(version)
}
