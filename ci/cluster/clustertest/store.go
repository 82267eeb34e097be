package clustertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// stored is an object that nobody changes any more: all clones of a server share it, and what was made of it once.
type stored struct {
	*cluster.Object
	labels  labels.Set
	encoded atomic.Pointer[[]byte]
	// results are what writes made of it: the thousands of runs of a test from one start mostly write the same.
	results sync.Map
}

// fields is the object as JSON without its kind, as it is in lists.
func (s *stored) fields() []byte {
	if known := s.encoded.Load(); known != nil {
		return *known
	}
	rest := maps.Clone(s.Object.Object)
	delete(rest, "apiVersion")
	delete(rest, "kind")
	data, err := json.Marshal(rest)
	if err != nil {
		panic(err) // it came from JSON, or from a test that put in what is none
	}
	s.encoded.Store(&data)
	return data
}

// json is the object as JSON.
func (s *stored) json() json.RawMessage {
	head := fmt.Sprintf(`{"apiVersion":%q,"kind":%q`, s.GetAPIVersion(), s.GetKind())
	if rest := s.fields(); len(rest) > 2 {
		return append([]byte(head+","), rest[1:]...)
	}
	return []byte(head + "}")
}

// in are the objects of a collection, in the order of namespaces and names; no namespace means all.
func (s *Server) in(c collection) []*stored {
	var found []*stored
	if c.namespace != "" || c.kind.is(clusterWide) {
		objects := s.objects[c]
		for _, name := range slices.Sorted(maps.Keys(objects)) {
			found = append(found, objects[name])
		}
		return found
	}
	for _, other := range s.namespacesOf(c.kind) {
		found = append(found, s.in(collection{c.kind, other})...)
	}
	return found
}

func (s *Server) namespacesOf(k *kind) []string {
	var found []string
	for c := range s.objects {
		if c.kind == k {
			found = append(found, c.namespace)
		}
	}
	slices.Sort(found)
	return found
}

func (s *Server) at(l location) *stored { return s.objects[l.collection][l.name] }

// keep stores an object, unless it is as it was. Whoever gives it away may not change it any more.
func (s *Server) keep(l location, object *cluster.Object) *stored {
	before := s.at(l)
	if before != nil && same(before.Object, object) {
		return before
	}
	object = writable(object)
	s.version++
	switch {
	case before == nil:
		s.identify(l.kind, object)
	case l.kind.is(generated) && !s.Idle && specified(before.Object, object):
		object.SetGeneration(before.GetGeneration() + 1)
	}
	object.SetResourceVersion(strconv.Itoa(s.version))
	if s.objects[l.collection] == nil {
		s.objects[l.collection] = map[string]*stored{}
	}
	kept := &stored{Object: object, labels: object.GetLabels()}
	s.objects[l.collection][l.name] = kept
	return kept
}

// identify gives a new object what the server gives to it.
func (s *Server) identify(k *kind, object *cluster.Object) {
	s.uids++
	if object.GetUID() == "" {
		object.SetUID(types.UID(fmt.Sprintf("00000000-0000-4000-8000-%012d", s.uids)))
	}
	if nested(object, "metadata", "creationTimestamp") == nil {
		object.SetCreationTimestamp(metav1.NewTime(time.Now()))
	}
	if k.is(generated) && object.GetGeneration() == 0 && !s.Idle {
		object.SetGeneration(1)
	}
	switch k.name {
	case "Service":
		s.address(object)
	case "Job":
		mark(object)
	}
}

// specified says whether a change is one of what is wanted, and not of what is.
func specified(before, after *cluster.Object) bool {
	return !reflect.DeepEqual(before.Object["spec"], after.Object["spec"])
}

// writable is a copy of an object whose metadata and status may be set; everything below is shared.
func writable(object *cluster.Object) *cluster.Object {
	fields := maps.Clone(object.Object)
	if fields == nil {
		fields = map[string]any{}
	}
	metadata, _ := fields["metadata"].(map[string]any)
	metadata = maps.Clone(metadata)
	if metadata == nil {
		metadata = map[string]any{}
	}
	fields["metadata"] = metadata
	return &cluster.Object{Object: fields}
}

// same compares all but the versions, and when each manager set its fields.
func same(a, b *cluster.Object) bool {
	return len(a.Object) == len(b.Object) && reflect.DeepEqual(counted(a), counted(b))
}

func counted(object *cluster.Object) map[string]any {
	fields := writable(object).Object
	metadata := fields["metadata"].(map[string]any)
	delete(metadata, "resourceVersion")
	entries, _ := metadata["managedFields"].([]any)
	timeless := make([]any, len(entries))
	for i, raw := range entries {
		entry, _ := raw.(map[string]any)
		entry = maps.Clone(entry)
		delete(entry, "time")
		timeless[i] = entry
	}
	metadata["managedFields"] = timeless
	return fields
}

// remove deletes an object and all that it owns.
func (s *Server) remove(l location) {
	object := s.at(l)
	if object == nil {
		return
	}
	s.version++
	delete(s.objects[l.collection], l.name)
	for _, dependent := range s.dependents(object) {
		s.remove(dependent)
	}
	if l.kind.name == "Namespace" {
		for c := range s.objects {
			if c.namespace == l.name {
				delete(s.objects, c)
			}
		}
	}
}

// dependents are the objects that another one owns.
func (s *Server) dependents(owner *stored) []location {
	var found []location
	for c, objects := range s.objects {
		if c.namespace != owner.GetNamespace() {
			continue
		}
		for name, object := range objects {
			if isOwned(object, owner) {
				found = append(found, location{c, name, ""})
			}
		}
	}
	slices.SortFunc(found, func(a, b location) int {
		return bytes.Compare([]byte(a.kind.plural+"/"+a.name), []byte(b.kind.plural+"/"+b.name))
	})
	return found
}

func isOwned(object, owner *stored) bool {
	references, _ := nested(object.Object, "metadata", "ownerReferences").([]any)
	for _, raw := range references {
		if reference, _ := raw.(map[string]any); reference["uid"] == string(owner.GetUID()) {
			return true
		}
	}
	return false
}

// nested is a field that must not be changed; nil when there is none.
func nested(object *cluster.Object, fields ...string) any {
	value, _, _ := unstructured.NestedFieldNoCopy(object.Object, fields...)
	return value
}
