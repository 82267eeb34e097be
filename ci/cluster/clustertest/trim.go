package clustertest

import (
	"maps"
	"reflect"

	"sigs.k8s.io/structured-merge-diff/v6/schema"
)

// trimmed is a document without its empty lists and maps, its nulls and what is unknown: the server's Go types do not keep
// them. What is a struct there stays, empty or not.
func trimmed(k *kind, document map[string]any) map[string]any {
	name := k.schema()
	if name == "" {
		return document
	}
	after, _ := trim(schema.TypeRef{NamedType: &name}, document).(map[string]any)
	return after
}

func trim(of schema.TypeRef, value any) any {
	atom, ok := schemas().Schema.Resolve(of)
	if !ok {
		return value
	}
	switch value := value.(type) {
	case map[string]any:
		if atom.Map != nil {
			return trimMap(atom.Map, value)
		}
	case []any:
		if atom.List != nil {
			return trimList(atom.List, value)
		}
	}
	return value
}

func trimMap(of *schema.Map, document map[string]any) any {
	after, copied := document, false
	for key, value := range document {
		inner, known := of.ElementType, of.ElementType != schema.TypeRef{}
		if field, ok := of.FindField(key); ok {
			inner, known = field.Type, true
		}
		kept := trim(inner, value)
		stays := known && !isEmpty(inner, kept)
		if stays && isSame(kept, value) {
			continue
		}
		if !copied {
			after, copied = maps.Clone(document), true
		}
		after[key] = kept
		if !stays {
			delete(after, key)
		}
	}
	return after
}

func trimList(of *schema.List, elements []any) any {
	after, copied := elements, false
	for i, element := range elements {
		kept := trim(of.ElementType, element)
		if isSame(kept, element) {
			continue
		}
		if !copied {
			after, copied = append([]any(nil), elements...), true
		}
		after[i] = kept
	}
	return after
}

// isSame says whether trimming has left a value as it was.
func isSame(a, b any) bool {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	switch x.Kind() {
	case reflect.Map:
		return x.Pointer() == y.Pointer()
	case reflect.Slice:
		return x.Len() == 0 || x.Pointer() == y.Pointer()
	}
	return true
}

func isEmpty(of schema.TypeRef, value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case []any:
		return len(value) == 0
	case map[string]any:
		atom, ok := schemas().Schema.Resolve(of)
		return ok && len(value) == 0 && atom.Map != nil && atom.Scalar == nil && len(atom.Map.Fields) == 0 && atom.Map.ElementType != schema.TypeRef{}
	}
	return false
}
