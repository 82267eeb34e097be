package clustertest

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// location is where an object, or a collection of them, lives in the API.
type location struct {
	apiVersion, namespace, plural, name, subresource string
}

// key identifies the object without its subresource.
func (l location) key() location {
	l.subresource = ""
	return l
}

// locate reads a path of the API.
func locate(path string) (location, bool) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	var l location
	switch {
	case len(parts) >= 3 && parts[0] == "api":
		l.apiVersion, parts = parts[1], parts[2:]
	case len(parts) >= 4 && parts[0] == "apis":
		l.apiVersion, parts = parts[1]+"/"+parts[2], parts[3:]
	default:
		return l, false
	}
	if parts[0] == "namespaces" && len(parts) > 2 {
		l.namespace, parts = parts[1], parts[2:]
	}
	l.plural = parts[0]
	if len(parts) > 1 {
		l.name = parts[1]
	}
	if len(parts) > 2 {
		l.subresource = strings.Join(parts[2:], "/")
	}
	return l, true
}

func (l location) ref(kind string) cluster.Ref {
	return cluster.Ref{APIVersion: l.apiVersion, Kind: kind, Namespace: l.namespace, Name: l.name}
}

func locationOf(ref cluster.Ref) location {
	return location{apiVersion: ref.APIVersion, namespace: ref.Namespace, plural: pluralOf(ref.APIVersion, ref.Kind), name: ref.Name}
}

// Get returns a copy of an object; nil when there is none.
func (s *Server) Get(ref cluster.Ref) *cluster.Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stored := s.objects[locationOf(ref)]; stored != nil {
		return stored.DeepCopy()
	}
	return nil
}

// List returns copies of the objects of a kind in a namespace that carry the labels, by name.
func (s *Server) List(apiVersion, kind, namespace string, labels map[string]string) []*cluster.Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []*cluster.Object
	for _, l := range s.in(location{apiVersion: apiVersion, namespace: namespace, plural: pluralOf(apiVersion, kind)}) {
		object := s.objects[l]
		if hasLabels(object, labels) {
			found = append(found, object.DeepCopy())
		}
	}
	return found
}

func hasLabels(object *cluster.Object, wanted map[string]string) bool {
	have := object.GetLabels()
	for key, value := range wanted {
		if have[key] != value {
			return false
		}
	}
	return true
}

// Put stores an object as a controller, a node or a person would, whatever it was before.
func (s *Server) Put(object *cluster.Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(object)
}

func (s *Server) put(object *cluster.Object) {
	s.store(locationOf(cluster.RefOf(object)), object.DeepCopy())
}

// Remove deletes an object as a person would.
func (s *Server) Remove(ref cluster.Ref) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(locationOf(ref))
}

// in are the locations of a collection, in the order of names.
func (s *Server) in(collection location) []location {
	var found []location
	for l := range s.objects {
		if l.apiVersion == collection.apiVersion && l.plural == collection.plural && (collection.namespace == "" || l.namespace == collection.namespace) {
			found = append(found, l)
		}
	}
	slices.SortFunc(found, func(a, b location) int { return strings.Compare(a.namespace+"/"+a.name, b.namespace+"/"+b.name) })
	return found
}

// store keeps an object, which nobody may change any more. What is as it was keeps its version.
func (s *Server) store(l location, object *cluster.Object) *cluster.Object {
	before := s.objects[l]
	if before != nil && !s.Idle && same(before, object) {
		return before
	}
	s.version++
	switch {
	case s.Idle && object.GetUID() != "": // what a controller counts is the test's business
	case before == nil:
		object.SetUID(types.UID(fmt.Sprintf("uid-%d", s.version)))
		object.SetCreationTimestamp(metav1.NewTime(time.Now()))
		object.SetGeneration(1)
	default:
		object.SetUID(before.GetUID())
		object.SetCreationTimestamp(before.GetCreationTimestamp())
		object.SetGeneration(before.GetGeneration())
		if !reflect.DeepEqual(before.Object["spec"], object.Object["spec"]) {
			object.SetGeneration(before.GetGeneration() + 1)
		}
	}
	object.SetResourceVersion(strconv.Itoa(s.version))
	s.objects[l] = object
	s.reconcile(l, object)
	return s.objects[l]
}

// same compares all but what the server itself counts.
func same(a, b *cluster.Object) bool {
	return reflect.DeepEqual(counted(a), counted(b))
}

func counted(object *cluster.Object) map[string]any {
	fields := maps.Clone(object.Object)
	if metadata, ok := fields["metadata"].(map[string]any); ok {
		metadata = maps.Clone(metadata)
		for _, key := range []string{"resourceVersion", "uid", "creationTimestamp", "generation", "managedFields"} {
			delete(metadata, key)
		}
		fields["metadata"] = metadata
	}
	if managed := object.GetManagedFields(); len(managed) > 0 {
		for i := range managed {
			managed[i].Time = nil
		}
		fields["managed"] = managed
	}
	return fields
}

func (s *Server) remove(l location) {
	object := s.objects[l]
	if object == nil {
		return
	}
	delete(s.objects, l)
	for other, dependent := range s.objects {
		for _, owner := range dependent.GetOwnerReferences() {
			if owner.UID == object.GetUID() {
				s.remove(other)
				break
			}
		}
	}
}

// Clone copies the server's state, for many runs from the same start. Stored objects are never changed, so they are shared.
func (s *Server) Clone() *Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	copied := NewServer()
	copied.objects, copied.version, copied.pods = maps.Clone(s.objects), s.version, s.pods
	copied.Hanging, copied.forbidden, copied.Proxy = s.Hanging, maps.Clone(s.forbidden), s.Proxy
	copied.RunJob, copied.logs = s.RunJob, maps.Clone(s.logs)
	return copied
}

func notFound(l location) error {
	return apierrors.NewNotFound(schema.GroupResource{Resource: l.plural}, l.name)
}

func conflict(l location) error {
	return apierrors.NewConflict(schema.GroupResource{Resource: l.plural}, l.name, fmt.Errorf("the object has been modified; please apply your changes to the latest version and try again"))
}

func nested(object *cluster.Object, fields ...string) any {
	value, _, _ := unstructured.NestedFieldNoCopy(object.Object, fields...)
	return value
}
