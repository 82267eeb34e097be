package clustertest

import (
	"net/http"
	"strings"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// change is one write on its way.
type change struct {
	location
	verb    string
	manager string
	force   bool
	dryRun  bool
	body    []byte
	live    *stored // nil when there is none
}

const (
	applyPatch = "application/apply-patch+yaml"
	jsonPatch  = "application/json-patch+json"
	mergePatch = "application/merge-patch+json"
)

// write does what a request asks, and answers with the object as it was stored, before any controller has seen it.
func (s *Server) write(request *http.Request, at location, body []byte) (status int, result any, err error) {
	query := request.URL.Query()
	c := change{location: at, verb: verbOf(request, at), manager: query.Get("fieldManager"), force: query.Get("force") == "true", dryRun: query.Get("dryRun") != "", body: body, live: s.at(at)}
	if c.manager == "" && c.verb != "apply" {
		c.manager, _, _ = strings.Cut(request.UserAgent(), "/")
	}
	switch c.verb {
	case "delete":
		result, err = s.deleted(c)
		return http.StatusOK, result, err
	case "scale":
		result, err = s.scaled(c)
		return http.StatusOK, result, err
	case "create":
		return s.created(c)
	case "apply":
		return s.applied(c)
	}
	if c.live == nil && c.verb == "update" && c.kind.is(upserted) {
		return s.created(c)
	}
	if c.live == nil {
		return 0, nil, notFound(at)
	}
	var wanted *cluster.Object
	switch request.Header.Get("Content-Type") {
	case jsonPatch:
		wanted, err = jsonPatched(c)
	case mergePatch:
		wanted, err = mergePatched(c)
	default:
		wanted, err = parse(c.location, body)
	}
	if err != nil {
		return 0, nil, err
	}
	result, err = s.updated(c, wanted)
	return http.StatusOK, result, err
}

// done stores an object, unless this is a dry run, lets the hooks and the controllers see it, and returns the answer.
func (s *Server) done(c change, object *cluster.Object) any {
	if c.live != nil && same(c.live.Object, object) {
		return c.live.json()
	}
	if c.dryRun {
		return s.tried(c, object)
	}
	answer := any(object.Object)
	if object.GetDeletionTimestamp() != nil && len(object.GetFinalizers()) == 0 {
		object.SetResourceVersion(c.live.GetResourceVersion()) // it is not stored any more
		s.removed(c.location)
	} else {
		kept := s.keep(c.location, object)
		answer = kept.json()
		s.reconcile(c.location, kept)
	}
	s.note(c)
	return answer
}

// note keeps a change that was made, and lets the hook see it.
func (s *Server) note(c change) {
	write := Write{c.verb, c.ref()}
	s.writes = append(s.writes, write)
	if s.After != nil {
		s.After(write)
	}
}

// tried is the answer to a dry run: what would be stored, without a version of its own.
func (s *Server) tried(c change, object *cluster.Object) any {
	object = writable(object)
	if c.live == nil {
		s.identify(c.kind, object)
		return object.Object
	}
	if c.kind.is(generated) && specified(c.live.Object, object) {
		object.SetGeneration(c.live.GetGeneration() + 1)
	}
	object.SetResourceVersion(c.live.GetResourceVersion())
	return object.Object
}

func verbOf(request *http.Request, at location) string {
	switch {
	case request.Method == http.MethodDelete:
		return "delete"
	case request.Method == http.MethodPost:
		return "create"
	case at.subresource == "scale":
		return "scale"
	case request.Method == http.MethodPut:
		return "update"
	case request.Header.Get("Content-Type") == applyPatch:
		return "apply"
	}
	return "patch"
}
