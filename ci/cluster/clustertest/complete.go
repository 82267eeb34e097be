package clustertest

import (
	"encoding/base64"
	"fmt"
	"maps"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// zero is an object of a kind of which nothing is said yet. The server's Go types have fields that are there even then.
func zero(l location) *cluster.Object {
	object := &cluster.Object{Object: map[string]any{}}
	if fields, ok := zeros[l.kind.name]; ok {
		object.Object = (&cluster.Object{Object: fields}).DeepCopy().Object
	}
	object.SetAPIVersion(l.kind.apiVersion)
	object.SetKind(l.kind.name)
	l.place(object)
	return object
}

var (
	emptyTemplate = map[string]any{"metadata": map[string]any{}, "spec": map[string]any{"containers": nil}}
	zeros         = map[string]map[string]any{
		"Namespace":               {"spec": map[string]any{}, "status": map[string]any{}},
		"Service":                 {"spec": map[string]any{}, "status": map[string]any{"loadBalancer": map[string]any{}}},
		"Pod":                     {"spec": map[string]any{}, "status": map[string]any{}},
		"PersistentVolumeClaim":   {"spec": map[string]any{"resources": map[string]any{}}, "status": map[string]any{"phase": "Pending"}},
		"ResourceQuota":           {"spec": map[string]any{}, "status": map[string]any{}},
		"LimitRange":              {"spec": map[string]any{}},
		"Deployment":              {"spec": map[string]any{"strategy": map[string]any{}, "template": emptyTemplate}, "status": map[string]any{}},
		"ReplicaSet":              {"spec": map[string]any{"template": emptyTemplate}, "status": map[string]any{"replicas": int64(0)}},
		"StatefulSet":             {"spec": map[string]any{"template": emptyTemplate, "updateStrategy": map[string]any{}}, "status": map[string]any{"availableReplicas": int64(0), "replicas": int64(0)}},
		"DaemonSet":               {"spec": map[string]any{"template": emptyTemplate, "updateStrategy": map[string]any{}}, "status": map[string]any{"currentNumberScheduled": int64(0), "desiredNumberScheduled": int64(0), "numberMisscheduled": int64(0), "numberReady": int64(0)}},
		"Job":                     {"spec": map[string]any{"template": emptyTemplate}, "status": map[string]any{}},
		"CronJob":                 {"spec": map[string]any{"jobTemplate": map[string]any{"metadata": map[string]any{}, "spec": map[string]any{"template": emptyTemplate}}}, "status": map[string]any{}},
		"HorizontalPodAutoscaler": {"spec": map[string]any{"scaleTargetRef": map[string]any{}}, "status": map[string]any{"currentMetrics": nil, "desiredReplicas": int64(0)}},
		"PodDisruptionBudget":     {"spec": map[string]any{}, "status": map[string]any{"currentHealthy": int64(0), "desiredHealthy": int64(0), "disruptionsAllowed": int64(0), "expectedPods": int64(0)}},
		"NetworkPolicy":           {"spec": map[string]any{"podSelector": map[string]any{}}},
		"Ingress":                 {"spec": map[string]any{}, "status": map[string]any{"loadBalancer": map[string]any{}}},
		"Lease":                   {"spec": map[string]any{}},
		"RoleBinding":             {"roleRef": map[string]any{}},
		"ClusterRoleBinding":      {"roleRef": map[string]any{}},
		"Gateway":                 {"status": map[string]any{"conditions": []any{pending("Accepted"), pending("Programmed")}}},
	}
)

// pending is a condition of a custom resource that waits for its controller, as its definition has it.
func pending(name string) map[string]any {
	return map[string]any{"lastTransitionTime": "1970-01-01T00:00:00Z", "message": "Waiting for controller", "reason": "Pending", "status": "Unknown", "type": name}
}

// prepared is a requested object with what the server fills in; what it says of the status is not heard.
func prepared(k *kind, live, wanted *cluster.Object) *cluster.Object {
	object := resettable(writable(wanted))
	if k.is(status) {
		object.Object["status"] = statusOf(k, live)
	}
	maps.DeleteFunc(object.Object, func(_ string, value any) bool { return value == nil })
	return &cluster.Object{Object: defaulted(k, object.Object)}
}

func statusOf(k *kind, live *cluster.Object) any {
	if live != nil {
		return live.Object["status"]
	}
	if fields, ok := zeros[k.name]["status"]; ok {
		return fields
	}
	return nil
}

// complete gives a written object what the server keeps of its own, and takes from it what the server does not keep.
func complete(k *kind, live *stored, written *cluster.Object) *cluster.Object {
	object := writable(written)
	if k.is(status) {
		delete(object.Object, "status")
		var before *cluster.Object
		if live != nil {
			before = live.Object
		}
		if value := statusOf(k, before); value != nil {
			object.Object["status"] = value
		}
	}
	switch {
	case k.name == "Secret":
		keepText(object)
	case k.name == "PersistentVolumeClaim" && live == nil:
		object.SetFinalizers([]string{protection})
	}
	return object
}

// protection keeps a volume for as long as a pod uses it. Here none does.
const protection = "kubernetes.io/pvc-protection"

// keepText makes data of a Secret's texts.
func keepText(secret *cluster.Object) {
	texts, _ := secret.Object["stringData"].(map[string]any)
	delete(secret.Object, "stringData")
	if len(texts) == 0 {
		return
	}
	data, _ := secret.Object["data"].(map[string]any)
	data = maps.Clone(orEmpty(data))
	for key, value := range texts {
		data[key] = base64.StdEncoding.EncodeToString([]byte(fmt.Sprint(value)))
	}
	secret.Object["data"] = data
}

// address gives a Service one of the cluster's addresses, unless it has one or is to have none.
func (s *Server) address(service *cluster.Object) {
	spec, _ := service.Object["spec"].(map[string]any)
	spec = maps.Clone(orEmpty(spec))
	if spec["clusterIP"] == nil {
		spec["clusterIP"] = fmt.Sprintf("10.43.%d.%d", s.uids/250%250, s.uids%250+1)
	}
	spec["clusterIPs"], spec["ipFamilies"], spec["ipFamilyPolicy"] = []any{spec["clusterIP"]}, []any{"IPv4"}, "SingleStack"
	service.Object["spec"] = spec
}

// mark lets a Job know its pods.
func mark(job *cluster.Object) {
	spec, _ := job.Object["spec"].(map[string]any)
	template, _ := spec["template"].(map[string]any)
	metadata, _ := template["metadata"].(map[string]any)
	labels, _ := metadata["labels"].(map[string]any)
	labels = maps.Clone(orEmpty(labels))
	for _, prefix := range []string{"", "batch.kubernetes.io/"} {
		labels[prefix+"controller-uid"], labels[prefix+"job-name"] = string(job.GetUID()), job.GetName()
	}
	spec, template, metadata = maps.Clone(orEmpty(spec)), maps.Clone(orEmpty(template)), maps.Clone(orEmpty(metadata))
	metadata["labels"], template["metadata"], spec["template"] = labels, metadata, template
	spec["selector"] = map[string]any{"matchLabels": map[string]any{"batch.kubernetes.io/controller-uid": string(job.GetUID())}}
	job.Object["spec"] = spec
	own := texts(labels)
	all := job.GetLabels()
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, own)
	job.SetLabels(all)
}
