package health

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/codingbutter/team-dashboard/ci/release"
)

// The headers in which every response of the application names itself.
const (
	headerRelease = "X-Release"
	headerSlot    = "X-Slot"
)

// Answer is a response and who gave it.
type Answer struct {
	Status int
	// Release and Slot are what the response says of itself; both are empty when
	// something other than the application answered.
	Release, Slot string
	// Location is where a redirect leads to, as it was sent.
	Location string
	Body     []byte
	// Duration runs from asking to the last byte, the making of the connection included.
	Duration time.Duration
}

func answerOf(status int, header http.Header, body []byte, duration time.Duration) Answer {
	return Answer{Status: status, Release: header.Get(headerRelease), Slot: header.Get(headerSlot), Location: header.Get("Location"), Body: body, Duration: duration}
}

// who names who answered.
func (a Answer) who() string {
	if a.Release == "" {
		return "something that names no release, such as the ingress controller"
	}
	return named(a.Release, a.Slot)
}

func named(release, slot string) string {
	if slot == "" {
		return fmt.Sprintf("release %q", release)
	}
	return fmt.Sprintf("release %q in slot %s", release, slot)
}

// from says whether the target gave the answer: its release, in its slot. Any
// release will do for a target that names none. An answer that names no slot may
// come from any; namesNoSlot tells.
func (a Answer) from(target release.Target) bool {
	return (target.Release.Version == "" || a.Release == target.Release.Version) && (target.Slot == "" || a.Slot == "" || a.Slot == target.Slot)
}

// namesNoSlot says whether the slot of an answer cannot be told, where there are slots.
func (a Answer) namesNoSlot(target release.Target) bool { return target.Slot != "" && a.Slot == "" }

// problem says what is wrong with an answer of a health path; empty when it is
// 200 and the target gave it.
func (a Answer) problem(target release.Target) string {
	if !a.from(target) {
		return fmt.Sprintf("answered %d by %s instead of %s", a.Status, a.who(), named(target.Release.Version, target.Slot))
	}
	if a.Status == http.StatusOK {
		return ""
	}
	problem := fmt.Sprintf("answered %d by %s", a.Status, a.who())
	for _, reason := range a.report().reasons() {
		problem += ", " + reason
	}
	return problem
}

// report is the body of a health path, as every service of the application gives it.
type report struct {
	Status       string                `json:"status"`
	Error        string                `json:"error"`
	Dependencies map[string]dependency `json:"dependencies"`
	// Services is in the answer of a service that asks all others.
	Services map[string]report `json:"services"`
}

type dependency struct {
	Status    string  `json:"status"`
	LatencyMs float64 `json:"latencyMs"`
	Error     string  `json:"error"`
}

func (d dependency) ok() bool { return d.Status == "ok" }

// report reads what it can: an error page of the ingress controller is no report,
// and its status has been told already.
func (a Answer) report() report {
	var read report
	if json.Unmarshal(a.Body, &read) != nil {
		return report{}
	}
	return read
}

// reasons say why a report is not ok.
func (r report) reasons() []string {
	reasons := []string{}
	if r.Error != "" {
		reasons = append(reasons, r.Error)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Dependencies)) {
		if dependency := r.Dependencies[name]; !dependency.ok() {
			reasons = append(reasons, name+": "+dependency.Error)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Services)) {
		for _, reason := range r.Services[name].reasons() {
			reasons = append(reasons, name+": "+reason)
		}
	}
	return reasons
}
