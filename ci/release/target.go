package release

import "github.com/codingbutter/team-dashboard/ci/config"

// Target is a release in a place: what is examined, tested, watched and deployed.
type Target struct {
	Environment config.Environment
	// Slot is empty in an environment without slots.
	Slot    string
	Release Release
}
