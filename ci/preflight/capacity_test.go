package preflight

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

func TestNeedOf(t *testing.T) {
	list := func(cpu string) kinds.ResourceList { return kinds.ResourceList{"cpu": resource.MustParse(cpu)} }
	asks := func(cpu string) kinds.Container {
		return kinds.Container{Resources: kinds.ResourceRequirements{Requests: list(cpu)}}
	}
	sidecar := func(cpu string) kinds.Container {
		container := asks(cpu)
		container.RestartPolicy = kinds.RestartAlways
		return container
	}
	for name, test := range map[string]struct {
		spec kinds.PodSpec
		want string
	}{
		"one container":                 {kinds.PodSpec{Containers: []kinds.Container{asks("250m")}}, "250m"},
		"containers run together":       {kinds.PodSpec{Containers: []kinds.Container{asks("250m"), asks("1")}}, "1250m"},
		"a small init container":        {kinds.PodSpec{InitContainers: []kinds.Container{asks("100m")}, Containers: []kinds.Container{asks("250m")}}, "250m"},
		"a large init container":        {kinds.PodSpec{InitContainers: []kinds.Container{asks("2"), asks("1")}, Containers: []kinds.Container{asks("250m")}}, "2"},
		"a sidecar":                     {kinds.PodSpec{InitContainers: []kinds.Container{sidecar("100m")}, Containers: []kinds.Container{asks("250m")}}, "350m"},
		"an init container beside it":   {kinds.PodSpec{InitContainers: []kinds.Container{sidecar("100m"), asks("2")}, Containers: []kinds.Container{asks("250m")}}, "2100m"},
		"what the runtime takes itself": {kinds.PodSpec{Overhead: list("50m"), Containers: []kinds.Container{asks("250m")}}, "300m"},
		"a limit is a request":          {kinds.PodSpec{Containers: []kinds.Container{{Resources: kinds.ResourceRequirements{Limits: list("500m")}}}}, "500m"},
	} {
		t.Run(name, func(t *testing.T) {
			got := needOf(test.spec)
			cpu, pods := got["requests.cpu"], got["pods"]
			assert.Equal(t, test.want, cpu.String())
			assert.Equal(t, "1", pods.String())
		})
	}
}

// A quota that counts some pods alone says nothing of all.
func TestAQuotaWithAScopeIsNotCompared(t *testing.T) {
	for _, spec := range []fields{{"scopes": []any{"Terminating"}}, {"scopeSelector": fields{"matchExpressions": []any{}}}} {
		s, input := ready()
		s.Put(object("v1", "ResourceQuota", "shop", "jobs", fields{"spec": spec, "status": fields{"hard": fields{"pods": "1"}, "used": fields{"pods": "1"}}}))
		assert.True(t, found(t, run(t, s, nil, input), "capacity").OK)
	}
}

// The whole of the new pods is compared as they would be admitted.
func TestCapacityCountsWhatAdmissionAdds(t *testing.T) {
	s, input := ready()
	s.admit["web-"] = func(pod *cluster.Object) error {
		containers, _, _ := unstructured.NestedSlice(pod.Object, "spec", "containers")
		containers = append(containers, fields{"name": "proxy", "image": "proxy", "resources": fields{"requests": fields{"cpu": "1"}}})
		return unstructured.SetNestedSlice(pod.Object, containers, "spec", "containers")
	}
	s.Put(object("v1", "ResourceQuota", "shop", "small", fields{"status": fields{"hard": fields{"requests.cpu": "3", "count/pods": "2"}, "used": fields{"requests.cpu": "0"}}}))
	got := found(t, run(t, s, nil, input), "capacity")
	require.False(t, got.OK)
	assert.Contains(t, got.Detail, `quota "small" leaves 3 of requests.cpu, needed are 3750m`)
	assert.Contains(t, got.Detail, `quota "small" leaves 2 of count/pods, needed are 3`)
}

// Stores that are made with the first deploy need room, too; those that are there replace their own pods.
func TestCapacityCountsNewStores(t *testing.T) {
	for there, pods := range map[bool]string{false: "5", true: "3"} {
		s, input := ready()
		store := object("apps/v1", "StatefulSet", "shop", "database", fields{"spec": fields{"replicas": int64(2), "template": fields{"spec": fields{"containers": []any{fields{"name": "database"}}}}}})
		input.Objects = append(input.Objects, store)
		if there {
			s.Put(store)
		}
		assert.Equal(t, pods+" new pods, and no quota in the namespace", found(t, run(t, s, nil, input), "capacity").Detail)
	}
}
