package health

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"
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
	Body          []byte
	// Duration runs from asking to the last byte, the making of the connection included.
	Duration time.Duration
}

func answerOf(status int, header http.Header, body []byte, duration time.Duration) Answer {
	return Answer{Status: status, Release: header.Get(headerRelease), Slot: header.Get(headerSlot), Body: body, Duration: duration}
}

// who names who answered.
func (a Answer) who() string {
	switch {
	case a.Release == "":
		return "something that names no release, such as the ingress controller"
	case a.Slot == "":
		return fmt.Sprintf("release %q", a.Release)
	}
	return fmt.Sprintf("release %q in slot %s", a.Release, a.Slot)
}

// problem says what is wrong with an answer of a health path; empty when it is
// 200 and comes from the wanted release. Any release will do when that is empty.
func (a Answer) problem(release string) string {
	if release != "" && a.Release != release {
		return fmt.Sprintf("answered %d by %s instead of release %q", a.Status, a.who(), release)
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
