package clustertest

import (
	"strings"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// collection is all objects of a kind in a namespace.
type collection struct {
	kind      *kind
	namespace string
}

// location is where one object, or something of it, lives in the API.
type location struct {
	collection
	name, subresource string
}

// locate reads a path of the API. The kind is nil when the version of the API is known and the kind is not.
func locate(path string) (location, bool) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	var l location
	var version string
	switch {
	case len(parts) >= 3 && parts[0] == "api":
		version, parts = parts[1], parts[2:]
	case len(parts) >= 4 && parts[0] == "apis":
		version, parts = parts[1]+"/"+parts[2], parts[3:]
	default:
		return l, false
	}
	if parts[0] == "namespaces" && len(parts) > 2 {
		l.namespace, parts = parts[1], parts[2:]
	}
	l.kind = byPlural[version][parts[0]]
	if len(parts) > 1 {
		l.name = parts[1]
	}
	if len(parts) > 2 {
		l.subresource = strings.Join(parts[2:], "/")
	}
	return l, byPlural[version] != nil
}

func (l location) ref() cluster.Ref {
	return cluster.Ref{APIVersion: l.kind.apiVersion, Kind: l.kind.name, Namespace: l.namespace, Name: l.name}
}

// locationOf panics for a kind that the server does not know: the test's author is to see it at once.
func locationOf(ref cluster.Ref) location {
	k := kindOf(ref.APIVersion, ref.Kind)
	if k.is(clusterWide) {
		ref.Namespace = ""
	}
	return location{collection{k, ref.Namespace}, ref.Name, ""}
}

func kindOf(apiVersion, name string) *kind {
	k := byName[apiVersion][name]
	if k == nil {
		panic("clustertest does not know the kind " + name + " of " + apiVersion + ": add it to its kinds")
	}
	return k
}
