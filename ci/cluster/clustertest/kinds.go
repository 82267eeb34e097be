package clustertest

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// kinds are those that the server knows, by the version of their API: kind and plural.
var kinds = map[string]map[string]string{
	"v1": {"Namespace": "namespaces", "Service": "services", "Pod": "pods", "Secret": "secrets", "ConfigMap": "configmaps", "Event": "events",
		"ServiceAccount": "serviceaccounts", "PersistentVolumeClaim": "persistentvolumeclaims", "ResourceQuota": "resourcequotas", "Node": "nodes", "LimitRange": "limitranges"},
	"apps/v1":                      {"Deployment": "deployments", "ReplicaSet": "replicasets", "StatefulSet": "statefulsets", "DaemonSet": "daemonsets"},
	"autoscaling/v2":               {"HorizontalPodAutoscaler": "horizontalpodautoscalers"},
	"policy/v1":                    {"PodDisruptionBudget": "poddisruptionbudgets"},
	"batch/v1":                     {"Job": "jobs", "CronJob": "cronjobs"},
	"networking.k8s.io/v1":         {"NetworkPolicy": "networkpolicies", "Ingress": "ingresses"},
	"gateway.networking.k8s.io/v1": {"Gateway": "gateways", "HTTPRoute": "httproutes"},
	"coordination.k8s.io/v1":       {"Lease": "leases"},
	"discovery.k8s.io/v1":          {"EndpointSlice": "endpointslices"},
	"rbac.authorization.k8s.io/v1": {"Role": "roles", "RoleBinding": "rolebindings", "ClusterRole": "clusterroles", "ClusterRoleBinding": "clusterrolebindings"},
	"scheduling.k8s.io/v1":         {"PriorityClass": "priorityclasses"},
	"authorization.k8s.io/v1":      {"SelfSubjectAccessReview": "selfsubjectaccessreviews"},
}

// clusterWide are the kinds without a namespace.
var clusterWide = map[string]bool{"Namespace": true, "Node": true, "PriorityClass": true, "ClusterRole": true, "ClusterRoleBinding": true, "SelfSubjectAccessReview": true}

func pluralOf(apiVersion, kind string) string {
	if plural := kinds[apiVersion][kind]; plural != "" {
		return plural
	}
	return strings.ToLower(kind) + "s"
}

func kindOf(apiVersion, plural string) string {
	for kind, known := range kinds[apiVersion] {
		if known == plural {
			return kind
		}
	}
	return ""
}

// discovery answers which kinds a version of an API has.
func discovery(path string) (metav1.APIResourceList, bool) {
	version := strings.TrimPrefix(strings.TrimPrefix(path, "/apis/"), "/api/")
	known, ok := kinds[version]
	list := metav1.APIResourceList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "APIResourceList"}, GroupVersion: version}
	for kind, plural := range known {
		list.APIResources = append(list.APIResources, metav1.APIResource{Kind: kind, Name: plural, Namespaced: !clusterWide[kind]})
	}
	return list, ok
}

// aggregatedDiscovery answers which kinds there are at all, as an apidiscovery.k8s.io/v2 APIGroupDiscoveryList.
func aggregatedDiscovery(path string) map[string]any {
	groups := []any{}
	for version, known := range kinds {
		group, short, ok := strings.Cut(version, "/")
		if ok != (path == "/apis") {
			continue
		}
		if !ok {
			group, short = "", version
		}
		resources := []any{}
		for kind, plural := range known {
			scope, verbs := "Namespaced", []string{"create", "delete", "get", "list", "patch", "update"}
			if clusterWide[kind] {
				scope = "Cluster"
			}
			if kind == "SelfSubjectAccessReview" {
				verbs = []string{"create"}
			}
			resources = append(resources, map[string]any{"resource": plural, "scope": scope, "verbs": verbs, "responseKind": map[string]any{"kind": kind}})
		}
		groups = append(groups, map[string]any{"metadata": map[string]any{"name": group}, "versions": []any{map[string]any{"version": short, "resources": resources}}})
	}
	return map[string]any{"apiVersion": "apidiscovery.k8s.io/v2", "kind": "APIGroupDiscoveryList", "items": groups}
}
