package clustertest

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"sync"

	yaml "go.yaml.in/yaml/v2"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	smd "sigs.k8s.io/structured-merge-diff/v6/schema"
	"sigs.k8s.io/structured-merge-diff/v6/typed"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// schemaYAML says which fields the kinds have, and which lists are merged by which keys.
//
//go:embed schema.yaml
var schemaYAML []byte

// customYAML are those of custom resources, of which only the lists are of interest.
var customYAML = []byte(`
types:
- name: custom.Gateway
  map:
    fields:
    - name: spec
      type:
        map:
          fields:
          - name: listeners
            type:
              list:
                elementRelationship: associative
                keys: [name]
                elementType: {namedType: __untyped_deduced_}
          elementType: {namedType: __untyped_deduced_}
    elementType: {namedType: __untyped_deduced_}
`)

var schemas = sync.OnceValue(func() *typed.Parser {
	parser := &typed.Parser{}
	for _, text := range [][]byte{schemaYAML, customYAML} {
		var read struct{ Types []smd.TypeDef }
		if err := yaml.Unmarshal(text, &read); err != nil { // typed.NewParser takes three times as long
			panic(err)
		}
		parser.Schema.Types = append(parser.Schema.Types, read.Types...)
	}
	return parser
})

// manager keeps the managed fields of a kind, with apimachinery's own code; subresource is empty or "scale".
type manager struct {
	kind        *kind
	subresource string
}

var managers sync.Map

func (m manager) fields() *managedfields.FieldManager {
	if known, ok := managers.Load(m); ok {
		return known.(*managedfields.FieldManager)
	}
	version := m.kind.groupVersion()
	reset := map[fieldpath.APIVersion]fieldpath.Filter{}
	if m.kind.is(status) {
		reset[fieldpath.APIVersion(m.kind.apiVersion)] = fieldpath.NewExcludeSetFilter(fieldpath.NewSet(fieldpath.MakePathOrDie("status")))
	}
	fields, err := managedfields.NewDefaultCRDFieldManager(converter{}, identity{}, defaulter{m.kind}, identity{}, version.WithKind(m.kind.name), version, m.subresource, reset)
	if err != nil {
		panic(err)
	}
	managers.Store(m, fields)
	return fields
}

// result is what a write makes of an object, by what it says and who says it.
type result struct {
	verb, manager string
	force         bool
	name          string
	body          [sha256.Size]byte
}

// merged merges an applied configuration into what is there. What was merged once is not merged again.
func merged(c change, creations *sync.Map, wanted *cluster.Object) (*cluster.Object, error) {
	results, live := creations, zero(c.location)
	if c.live != nil {
		results, live = &c.live.results, writable(c.live.Object)
	}
	version := wanted.GetResourceVersion()
	wanted.SetResourceVersion("")
	key := result{c.verb, c.manager, c.force, c.kind.plural + "/" + c.namespace + "/" + c.name, sha256.Sum256(bytes.Replace(c.body, []byte(`"resourceVersion":"`+version+`"`), nil, 1))}
	if known, ok := results.Load(key); ok {
		return known.(*cluster.Object), nil
	}
	object, err := manager{kind: c.kind}.fields().Apply(live, wanted, c.manager, c.force)
	if err != nil {
		return nil, err
	}
	completed := complete(c.kind, c.live, object.(*cluster.Object))
	results.Store(key, completed)
	return completed, nil
}

// managed notes who set the fields that a write other than an apply has changed.
func managed(c change, object *cluster.Object) (*cluster.Object, error) {
	live := zero(c.location)
	if c.live != nil {
		live = writable(c.live.Object)
	}
	result, err := manager{kind: c.kind}.fields().Update(live, object, c.manager)
	if err != nil {
		return nil, err
	}
	return complete(c.kind, c.live, result.(*cluster.Object)), nil
}

// resettable lets a write that empties the managed fields do so: an empty list reads as none at all.
func resettable(object *cluster.Object) *cluster.Object {
	if entries, ok := nested(object, "metadata", "managedFields").([]any); ok && len(entries) == 0 {
		object.Object["metadata"].(map[string]any)["managedFields"] = []any{map[string]any{}}
	}
	return object
}

// converter makes typed values of objects, by their schemas; those of custom resources are deduced.
type converter struct{}

func (converter) ObjectToTyped(object runtime.Object, options ...typed.ValidationOptions) (*typed.TypedValue, error) {
	kind := object.GetObjectKind().GroupVersionKind()
	known := typed.DeducedParseableType
	if k := byName[kind.GroupVersion().String()][kind.Kind]; k != nil && k.schema() != "" {
		known = schemas().Type(k.schema())
	}
	return known.FromUnstructured(object.(*unstructured.Unstructured).Object, options...)
}

func (converter) TypedToObject(value *typed.TypedValue) (runtime.Object, error) {
	return managedfields.NewDeducedTypeConverter().TypedToObject(value)
}

// defaulter fills in what the server fills in.
type defaulter struct{ kind *kind }

func (d defaulter) Default(object runtime.Object) {
	read := object.(*unstructured.Unstructured)
	read.Object = defaulted(d.kind, read.Object)
}

// identity converts and makes objects that have one version only.
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

func (identity) New(kind schema.GroupVersionKind) (runtime.Object, error) {
	return zero(location{collection: collection{kind: kindOf(kind.GroupVersion().String(), kind.Kind)}}), nil
}
