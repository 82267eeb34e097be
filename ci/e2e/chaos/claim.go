package chaos

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Claim is what a command said of itself: by its exit code, its result, its error.
type Claim struct {
	Code     int    `json:"code"`
	Outcome  string `json:"outcome,omitempty"`
	Release  string `json:"release,omitempty"`
	Slot     string `json:"slot,omitempty"`
	Revision int    `json:"revision,omitempty"`
	// Changed is false when the command says that there was nothing to do.
	Changed bool `json:"changed"`
	// Changes are what was written, as the command has it from the API server.
	Changes []Change `json:"changes,omitempty"`
	// Error is the error's text without its details.
	Error string `json:"error,omitempty"`
}

// Change is what became of one object.
type Change struct {
	Ref struct{ Kind, Name string } `json:"ref"`
	// Action is created, configured, unchanged, scaled, deleted or marked.
	Action string `json:"action"`
}

// object names it as the API does: networkpolicies/redis.
func (c Change) object() string {
	plural := strings.ToLower(c.Ref.Kind)
	switch {
	case strings.HasSuffix(plural, "y"):
		plural = strings.TrimSuffix(plural, "y") + "ies"
	case strings.HasSuffix(plural, "s"):
		plural += "es"
	default:
		plural += "s"
	}
	return plural + "/" + c.Ref.Name
}

// What a report says in words, as far as it can be held against the cluster.
var (
	saysRuns      = regexp.MustCompile(`(?m)^\S+ now runs (\S+) in slot (\S+) \(revision (\d+)\)`)
	saysNoChange  = regexp.MustCompile(`(?m)^\S+ already runs (\S+) in slot (\S+) \(revision (\d+)\)`)
	saysEnded     = regexp.MustCompile(`(?m)^(?:deploy|rollback) of (\S+) in slot (\S+) to \S+, revision (\d+): (\w+)`)
	saysUntouched = regexp.MustCompile(`was not touched|no traffic of \S+ had moved`)
	saysBackTo    = regexp.MustCompile(`traffic was (?:switched|moved) back to (\S+) in slot (\w+)`)
	saysStays     = regexp.MustCompile(`traffic stays with (\S+)[,;.]`)
	saysStaysIn   = regexp.MustCompile(`traffic stays in slot (\w+)`)
	saysLockLost  = regexp.MustCompile(`lost its lock|lock was lost`)
)

// longestError is how much of an error is kept, in bytes: all that it claims.
const longestError = 4000

// readClaim reads what a command printed, in either format.
func readClaim(code int, stdout, stderr string) (Claim, error) {
	claim := Claim{Code: code}
	if code != 0 {
		claim.Changed = true
		claim.Error = errorOf(stderr)
		if found := saysEnded.FindStringSubmatch(claim.Error); found != nil {
			claim.Release, claim.Slot, claim.Outcome = found[1], found[2], found[4]
			claim.Revision, _ = strconv.Atoi(found[3])
		}
		if claim.Error == "" {
			return claim, fmt.Errorf("it ended with code %d and no error", code)
		}
		return claim, nil
	}
	if text := strings.TrimSpace(stdout); strings.HasPrefix(text, "{") {
		return claim, json.Unmarshal([]byte(text), &claim)
	}
	for expression, changed := range map[*regexp.Regexp]bool{saysRuns: true, saysNoChange: false} {
		if found := expression.FindStringSubmatch(stdout); found != nil {
			claim.Release, claim.Slot, claim.Changed, claim.Outcome = found[1], found[2], changed, "succeeded"
			claim.Revision, _ = strconv.Atoi(found[3])
			return claim, nil
		}
	}
	return claim, fmt.Errorf("it ended well and does not say what runs now: %q", stdout)
}

// errorOf finds the error that the command line prints last: at the beginning of a line, since progress lines, which may
// say it too, begin with a number.
func errorOf(stderr string) string {
	_, text, found := strings.Cut("\n"+stderr, "\nError: ")
	if !found {
		return ""
	}
	text, _, _ = strings.Cut(text, " [traceparent:")
	return strings.TrimSpace(text[:min(len(text), longestError)])
}

// first is the error without the report that may follow it.
func (c Claim) first() string {
	line, _, _ := strings.Cut(c.Error, "\n")
	return line
}
