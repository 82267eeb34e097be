package cluster

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Object is any Kubernetes object as the API server's JSON says it.
type Object = unstructured.Unstructured

// Ref names one object. Namespace is empty for kinds that live outside of namespaces.
type Ref struct {
	APIVersion string
	Kind       string
	Namespace  string
	Name       string
}

// RefOf returns the name of an object that was read or rendered.
func RefOf(object *Object) Ref {
	return Ref{
		APIVersion: object.GetAPIVersion(),
		Kind:       object.GetKind(),
		Namespace:  object.GetNamespace(),
		Name:       object.GetName(),
	}
}

// String is how errors and progress lines name the object: Deployment "web" in namespace "shop".
func (r Ref) String() string {
	if r.Namespace == "" {
		return fmt.Sprintf("%s %q", r.Kind, r.Name)
	}
	return fmt.Sprintf("%s %q in namespace %q", r.Kind, r.Name, r.Namespace)
}
