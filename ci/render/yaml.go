package render

import (
	"bytes"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// YAML writes objects as one stream of documents, for kubectl and for people.
// Keys are sorted, so the same objects give the same bytes.
func YAML(objects []*unstructured.Unstructured) []byte {
	documents := make([][]byte, 0, len(objects))
	for _, object := range objects {
		documents = append(documents, document(object))
	}
	return bytes.Join(documents, []byte("---\n"))
}

func document(object *unstructured.Unstructured) []byte {
	data, err := yaml.Marshal(object.Object)
	if err != nil {
		// An object that came from JSON goes back to it.
		panic(err)
	}
	return data
}
