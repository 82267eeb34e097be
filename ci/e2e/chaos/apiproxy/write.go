package apiproxy

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/codingbutter/team-dashboard/ci/e2e/chaos/journal"
)

// FirstStep is where a run is from its first write until its journal says otherwise.
const FirstStep = "lock"

// Write is a request by which a run changes the cluster.
type Write struct {
	// Step is the step that the run's journal named last; N counts the writes of that step from 1, the journal's own
	// among them.
	Step string `json:"step"`
	N    int    `json:"n"`

	Verb   string    `json:"verb"`
	Object string    `json:"object"`
	At     time.Time `json:"at"`
	// Mark says that nothing but annotations is set, as who takes a lock over does.
	Mark bool `json:"mark,omitempty"`
}

// counter tells the writes of one run apart.
type counter struct {
	mu     sync.Mutex
	step   string
	n      int
	leased bool
	writes []Write
}

// note counts a request if it is a write of the run's. The renewals of the lock are not: they come by the clock, and not
// by what the run does.
func (c *counter) note(request *http.Request, body []byte) (Write, bool) {
	target := parse(request.URL)
	if !writes(request, target) {
		return Write{}, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if target.resource == "leases" {
		if c.leased {
			return Write{}, false
		}
		c.leased = true
	}
	if c.step == "" {
		c.step = FirstStep
	}
	name, step := journaled(target, body)
	if step != "" && step != c.step {
		c.step, c.n = step, 0
	}
	c.n++
	write := Write{Step: c.step, N: c.n, Verb: strings.ToLower(request.Method), Object: target.object(name), At: time.Now(), Mark: marks(request, body)}
	c.writes = append(c.writes, write)
	return write, true
}

func (c *counter) all() []Write {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.writes)
}

// writes says whether a request changes something.
func writes(request *http.Request, target target) bool {
	switch request.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
	default:
		return false
	}
	if request.URL.Query().Has("dryRun") {
		return false
	}
	switch target.group {
	case "authorization.k8s.io", "authentication.k8s.io": // questions, asked by POST
		return false
	}
	switch target.subresource {
	case "proxy", "exec", "attach", "portforward":
		return false
	}
	return target.resource != ""
}

// target is what the path of a request names: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris
type target struct{ group, resource, name, subresource string }

func parse(address *url.URL) (t target) {
	parts := strings.Split(strings.Trim(address.Path, "/"), "/")
	switch {
	case len(parts) > 2 && parts[0] == "api":
		parts = parts[2:]
	case len(parts) > 3 && parts[0] == "apis":
		t.group, parts = parts[1], parts[3:]
	default:
		return target{}
	}
	if parts[0] == "namespaces" && len(parts) > 2 {
		parts = parts[2:]
	}
	for i, into := range []*string{&t.resource, &t.name, &t.subresource} {
		if i < len(parts) {
			*into = parts[i]
		}
	}
	return t
}

func (t target) object(name string) string {
	if t.name != "" {
		name = t.name
	}
	return strings.TrimSuffix(strings.Join([]string{t.resource, name, t.subresource}, "/"), "/")
}

// marks says whether a request sets annotations, and nothing else.
func marks(request *http.Request, body []byte) bool {
	if request.Header.Get("Content-Type") != "application/merge-patch+json" {
		return false
	}
	var document, metadata map[string]json.RawMessage
	if json.Unmarshal(body, &document) != nil || len(document) != 1 || json.Unmarshal(document["metadata"], &metadata) != nil {
		return false
	}
	delete(metadata, "resourceVersion")
	return len(metadata) == 1 && metadata["annotations"] != nil
}

// journaled reads the name of what is written, and the step that it tells of if it is a record.
func journaled(target target, body []byte) (name, step string) {
	var written struct {
		Metadata struct {
			Name string `json:"name"`
		} `json:"metadata"`
		Data json.RawMessage `json:"data"`
	}
	_ = json.Unmarshal(body, &written) // a JSON patch has no name, nor is a record written by one
	name = written.Metadata.Name
	if target.name != "" {
		name = target.name
	}
	if _, isRecord := journal.Revision(name); !isRecord || target.resource != "secrets" {
		return name, ""
	}
	var data map[string][]byte
	if json.Unmarshal(written.Data, &data) != nil {
		return name, ""
	}
	record, err := journal.Parse(data)
	if err != nil {
		return name, "" // a removal, or an annotation
	}
	return name, record.Step
}
