package clustertest

import (
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// What tests do to the cluster, and see of it, beside the API.

// Get returns a copy of an object; nil when there is none.
func (s *Server) Get(ref cluster.Ref) *cluster.Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	if kept := s.at(locationOf(ref)); kept != nil {
		return kept.DeepCopy()
	}
	return nil
}

// List returns copies of the objects of a kind in a namespace that carry the labels, by name.
func (s *Server) List(apiVersion, kind, namespace string, labels map[string]string) []*cluster.Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.Peek().List(apiVersion, kind, namespace, labels)
	for i, object := range found {
		found[i] = object.DeepCopy()
	}
	return found
}

// Put stores an object as a controller, a node or a person would, whatever it was before, its namespace included. It may be
// of a type of k8s.io/api or ci/cluster/kinds, with its kind and name. Controllers see it.
func (s *Server) Put(object any) {
	content, err := json.Marshal(object)
	if err != nil {
		panic(err)
	}
	read := &cluster.Object{}
	if err := read.UnmarshalJSON(content); err != nil {
		panic(fmt.Sprintf("clustertest: putting %s: %v", content, err))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l := locationOf(cluster.RefOf(read))
	if l.namespace != "" {
		s.namespace(l.namespace)
	}
	s.put(l, read)
}

// controller is who manages the fields of what is put, unless the object itself says who does.
const controller = "kube-controller-manager"

func (s *Server) put(l location, object *cluster.Object) {
	object = writable(&cluster.Object{Object: defaulted(l.kind, writable(object).Object)})
	if fields, err := managed(change{location: l, manager: controller, live: s.at(l)}, object.DeepCopy()); err == nil && len(object.GetManagedFields()) == 0 {
		object.SetManagedFields(fields.GetManagedFields())
	}
	if live := s.at(l); live != nil {
		uid, generation := object.GetUID(), object.GetGeneration()
		s.carry(l, live, object)
		if s.Idle && uid != "" {
			object.SetUID(uid)
		}
		if s.Idle && generation != 0 {
			object.SetGeneration(generation)
		}
	}
	s.reconcile(l, s.keep(l, object))
}

// Remove deletes an object as a person would.
func (s *Server) Remove(ref cluster.Ref) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removed(locationOf(ref))
}

// namespace makes one if need be.
func (s *Server) namespace(name string) {
	object := &cluster.Object{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name,
		"labels": map[string]any{"kubernetes.io/metadata.name": name}},
		"spec": map[string]any{"finalizers": []any{"kubernetes"}}, "status": map[string]any{"phase": "Active"}}}
	if l := locationOf(cluster.RefOf(object)); s.at(l) == nil {
		s.keep(l, object)
	}
}

// Peek is a view of the server while nobody writes: for After and RunJob, which are called with the server locked.
func (s *Server) Peek() View { return View{s} }

// View reads a server that is locked already.
type View struct{ server *Server }

// Get returns an object that must not be changed; nil when there is none.
func (v View) Get(ref cluster.Ref) *cluster.Object {
	if kept := v.server.at(locationOf(ref)); kept != nil {
		return kept.Object
	}
	return nil
}

// List returns objects that must not be changed.
func (v View) List(apiVersion, kind, namespace string, wanted map[string]string) []*cluster.Object {
	var found []*cluster.Object
	selector := labels.SelectorFromValidatedSet(wanted)
	for _, kept := range v.server.in(collection{kindOf(apiVersion, kind), namespace}) {
		if selector.Matches(kept.labels) {
			found = append(found, kept.Object)
		}
	}
	return found
}

// SetStatus sets an object's status, as its controller would; for Server.After.
func (v View) SetStatus(ref cluster.Ref, status map[string]any) {
	v.server.status(locationOf(ref), status)
}

// texts is a map of texts.
func texts(value any) map[string]string {
	raw, _ := value.(map[string]any)
	found := make(map[string]string, len(raw))
	for key, value := range raw {
		found[key], _ = value.(string)
	}
	return found
}
