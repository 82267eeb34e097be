package clustertest

import (
	"maps"
	"net/http"
	"sync"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// Server is an API server in memory, with the controllers and the nodes behind it.
type Server struct {
	mu sync.Mutex
	// version, uids and pods number what was written and made.
	version, uids, pods int
	objects             map[collection]map[string]*stored
	// creations are what writes made of nothing; clones share them as they share objects.
	creations *sync.Map
	forbidden map[string]bool // by kinds
	logs      map[location]logged
	writes    []Write

	// Idle controllers do nothing: what they would do, and the UIDs and generations of what is put, are the test's business.
	Idle bool
	// Hanging says of a pod, by its labels, that it does not become ready. Nil means that all do, at once.
	Hanging func(labels map[string]string) bool
	// RunJob says what the container of a new Job does; it is called while nobody else can write, and looks at objects by Peek.
	// Nil lets Jobs wait for ever.
	RunJob func(job *cluster.Object) Ran
	// Proxy answers for pods and Services; the path begins behind /proxy. Nil answers 503, as for what has no endpoints.
	Proxy func(kind, namespace, name, path string) (status int, header http.Header, body string)
	// After sees each write of a client that changed something, while nobody else can write; it looks at objects by Peek.
	After func(Write)
}

// Write is one change by a client, as the server saw it.
type Write struct {
	// Verb is create, apply, patch, update, scale or delete.
	Verb string
	Ref  cluster.Ref
}

func (w Write) String() string { return w.Verb + " " + w.Ref.Kind + "/" + w.Ref.Name }

// NewServer is an API server that has nothing but some namespaces.
func NewServer(namespaces ...string) *Server {
	s := &Server{objects: map[collection]map[string]*stored{}, creations: &sync.Map{}, forbidden: map[string]bool{}, logs: map[location]logged{}}
	for _, name := range namespaces {
		s.namespace(name)
	}
	return s
}

// Forbid takes all rights on a kind away from everybody.
func (s *Server) Forbid(kind string) { s.forbidden[kind] = true }

// Writes are all that changed something, in order.
func (s *Server) Writes() []Write {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Write(nil), s.writes...)
}

// Clone copies the server's state, for many runs from the same start; After is not copied. It costs microseconds, since
// nobody ever changes an object that is stored.
func (s *Server) Clone() *Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	copied := &Server{version: s.version, uids: s.uids, pods: s.pods, objects: map[collection]map[string]*stored{}, creations: s.creations,
		forbidden: maps.Clone(s.forbidden), logs: maps.Clone(s.logs), Idle: s.Idle, Hanging: s.Hanging, RunJob: s.RunJob, Proxy: s.Proxy}
	for c, objects := range s.objects {
		copied.objects[c] = maps.Clone(objects)
	}
	return copied
}
