package clustertest

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// kind is what the server knows of one kind of objects.
type kind struct {
	apiVersion, name, plural string
	traits                   trait
}

// trait tells kinds apart.
type trait int

const (
	// clusterWide kinds have no namespace.
	clusterWide trait = 1 << iota
	// generated kinds count the changes of what they specify in metadata.generation.
	generated
	// status kinds have their status changed by controllers only.
	status
	// scaled kinds have a number of replicas that can be set on its own.
	scaled
	// versioned kinds are updated by whoever names the version that is there.
	versioned
	// upserted kinds are made by an update, too.
	upserted
	// custom kinds come from a CustomResourceDefinition.
	custom
	// returned kinds are what the answer to their deletion holds.
	returned
	// virtual kinds are answered, not kept.
	virtual
	// plain kinds have no schema here: nobody merges them.
	plain
)

var kinds = []*kind{
	{"v1", "Namespace", "namespaces", clusterWide | status | returned},
	{"v1", "Node", "nodes", clusterWide | status | plain},
	{"v1", "ConfigMap", "configmaps", 0},
	{"v1", "Secret", "secrets", 0},
	{"v1", "Service", "services", status | returned},
	{"v1", "ServiceAccount", "serviceaccounts", returned},
	{"v1", "Pod", "pods", status | returned},
	{"v1", "Event", "events", plain},
	{"v1", "PersistentVolumeClaim", "persistentvolumeclaims", status | returned},
	{"v1", "ResourceQuota", "resourcequotas", status | returned},
	{"v1", "LimitRange", "limitranges", 0},
	{"apps/v1", "Deployment", "deployments", generated | status | scaled},
	{"apps/v1", "ReplicaSet", "replicasets", generated | status | scaled},
	{"apps/v1", "StatefulSet", "statefulsets", generated | status | scaled},
	{"apps/v1", "DaemonSet", "daemonsets", generated | status},
	{"batch/v1", "Job", "jobs", generated | status},
	{"batch/v1", "CronJob", "cronjobs", generated | status},
	{"autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", status},
	{"policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", generated | status | versioned},
	{"networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", generated},
	{"networking.k8s.io/v1", "Ingress", "ingresses", generated | status},
	{"gateway.networking.k8s.io/v1", "Gateway", "gateways", generated | status | versioned | custom},
	{"gateway.networking.k8s.io/v1", "HTTPRoute", "httproutes", generated | status | versioned | custom},
	{"coordination.k8s.io/v1", "Lease", "leases", versioned | upserted},
	{"rbac.authorization.k8s.io/v1", "Role", "roles", 0},
	{"rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings", 0},
	{"rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", clusterWide},
	{"rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", clusterWide},
	{"scheduling.k8s.io/v1", "PriorityClass", "priorityclasses", clusterWide},
	{"authorization.k8s.io/v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", clusterWide | virtual},
}

// byPlural and byName find kinds by the version of their API and their name, as paths and as objects have it.
var byPlural, byName = index(func(k *kind) string { return k.plural }), index(func(k *kind) string { return k.name })

func index(by func(*kind) string) map[string]map[string]*kind {
	found := map[string]map[string]*kind{}
	for _, k := range kinds {
		if found[k.apiVersion] == nil {
			found[k.apiVersion] = map[string]*kind{}
		}
		found[k.apiVersion][by(k)] = k
	}
	return found
}

func (k *kind) is(t trait) bool { return k.traits&t != 0 }

func (k *kind) groupVersion() schema.GroupVersion {
	version, _ := schema.ParseGroupVersion(k.apiVersion)
	return version
}

// groupResource and groupKind are what errors name.
func (k *kind) groupResource() schema.GroupResource {
	return schema.GroupResource{Group: k.groupVersion().Group, Resource: k.plural}
}

func (k *kind) groupKind() schema.GroupKind {
	return schema.GroupKind{Group: k.groupVersion().Group, Kind: k.name}
}

// schema is the name that the schemas have for the kind; empty when all is deduced.
func (k *kind) schema() string {
	version := k.groupVersion()
	group, _, _ := strings.Cut(version.Group, ".")
	if group == "" {
		group = "core"
	}
	switch {
	case k.is(virtual|plain) || k.name == "HTTPRoute":
		return ""
	case k.is(custom):
		return "custom." + k.name
	}
	return "io.k8s.api." + group + "." + version.Version + "." + k.name
}

// discovery answers which kinds a version of an API has.
func discovery(path string) (metav1.APIResourceList, bool) {
	version := strings.TrimPrefix(strings.TrimPrefix(path, "/apis/"), "/api/")
	list := metav1.APIResourceList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "APIResourceList"}, GroupVersion: version}
	for _, k := range kinds {
		if k.apiVersion != version {
			continue
		}
		list.APIResources = append(list.APIResources, metav1.APIResource{Kind: k.name, Name: k.plural, Namespaced: !k.is(clusterWide)})
		if k.is(scaled) {
			list.APIResources = append(list.APIResources, metav1.APIResource{Kind: "Scale", Name: k.plural + "/scale", Namespaced: true})
		}
	}
	return list, len(list.APIResources) > 0
}

// allKinds answers which kinds there are at all, as an apidiscovery.k8s.io/v2 APIGroupDiscoveryList.
func allKinds(path string) map[string]any {
	groups := []any{}
	for version := range byName {
		parsed, _ := schema.ParseGroupVersion(version)
		if (parsed.Group == "") != (path == "/api") {
			continue
		}
		resources := []any{}
		for _, k := range kinds {
			if k.apiVersion == version {
				resources = append(resources, map[string]any{"resource": k.plural, "scope": k.scope(), "verbs": k.verbs(), "responseKind": map[string]any{"kind": k.name}})
			}
		}
		groups = append(groups, map[string]any{"metadata": map[string]any{"name": parsed.Group},
			"versions": []any{map[string]any{"version": parsed.Version, "resources": resources}}})
	}
	return map[string]any{"apiVersion": "apidiscovery.k8s.io/v2", "kind": "APIGroupDiscoveryList", "items": groups}
}

func (k *kind) scope() string {
	if k.is(clusterWide) {
		return "Cluster"
	}
	return "Namespaced"
}

func (k *kind) verbs() []string {
	if k.is(virtual) {
		return []string{"create"}
	}
	return []string{"create", "delete", "get", "list", "patch", "update"}
}
