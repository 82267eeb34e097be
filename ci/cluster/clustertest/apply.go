package clustertest

import (
	"crypto/sha256"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// managers are the field managers by what they are of; they keep no state.
var managers sync.Map

// managed is a kind, or a subresource of one.
type managed struct {
	kind        schema.GroupVersionKind
	subresource string
}

// managerOf is apimachinery's own field manager. Without schemas it takes every list as one value.
func managerOf(object *cluster.Object, subresource string) (*managedfields.FieldManager, error) {
	kind := object.GroupVersionKind()
	if known, ok := managers.Load(managed{kind, subresource}); ok {
		return known.(*managedfields.FieldManager), nil
	}
	manager, err := managedfields.NewDefaultCRDFieldManager(managedfields.NewDeducedTypeConverter(), identity{}, identity{}, identity{},
		kind, kind.GroupVersion(), subresource, nil)
	if err == nil {
		managers.Store(managed{kind, subresource}, manager)
	}
	return manager, err
}

// merge is what an apply of a body to an object makes. Stored objects are never changed, so the same gives the same: in the
// thousands of runs of a test from one start most applies are made once.
type merge struct {
	live    *cluster.Object
	body    [sha256.Size]byte
	manager string
	force   bool
}

var merges sync.Map

// applied merges an applied configuration into what is there.
func applied(live, wanted *cluster.Object, body []byte, manager string, force bool) (*cluster.Object, error) {
	key := merge{live, sha256.Sum256(body), manager, force}
	if known, ok := merges.Load(key); ok {
		return known.(*cluster.Object).DeepCopy(), nil
	}
	fields, err := managerOf(wanted, "")
	if err != nil {
		return nil, err
	}
	result, err := fields.Apply(base(live, wanted), wanted, manager, force)
	if err != nil {
		return nil, err
	}
	merges.Store(key, result.(*cluster.Object).DeepCopy())
	return result.(*cluster.Object), nil
}

// updated notes who set the fields that a write other than an apply has changed.
func updated(live, changed *cluster.Object, manager, subresource string) (*cluster.Object, error) {
	fields, err := managerOf(changed, subresource)
	if err != nil {
		return nil, err
	}
	result, err := fields.Update(base(live, changed), changed, manager)
	if err != nil {
		return nil, err
	}
	return result.(*cluster.Object), nil
}

// base is what is there, or an empty object of the kind.
func base(live, of *cluster.Object) *cluster.Object {
	if live != nil {
		return live.DeepCopy()
	}
	empty := &cluster.Object{}
	empty.SetGroupVersionKind(of.GroupVersionKind())
	empty.SetName(of.GetName())
	empty.SetNamespace(of.GetNamespace())
	return empty
}

// identity converts, defaults and makes objects that have one version only.
type identity struct{}

func (identity) Convert(in, out, _ any) error {
	*out.(*unstructured.Unstructured) = *in.(*unstructured.Unstructured)
	return nil
}

func (identity) ConvertToVersion(in runtime.Object, _ runtime.GroupVersioner) (runtime.Object, error) {
	return in, nil
}

func (identity) ConvertFieldLabel(_ schema.GroupVersionKind, label, value string) (string, string, error) {
	return label, value, nil
}

func (identity) Default(runtime.Object) {}

func (identity) New(kind schema.GroupVersionKind) (runtime.Object, error) {
	empty := &unstructured.Unstructured{}
	empty.SetGroupVersionKind(kind)
	return empty, nil
}
