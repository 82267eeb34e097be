package chaos

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/codingbutter/team-dashboard/ci/e2e/chaos/journal"
)

// hands change the cluster as an administrator does who knows nothing of the pipeline. What they leave is the pipeline's
// to repair.
type hands struct {
	api       *access
	namespace string
	services  []string
}

func (h hands) path(kind, name string) string {
	groups := map[string]string{"services": "/api/v1", "secrets": "/api/v1", "pods": "/api/v1", "jobs": "/apis/batch/v1",
		"networkpolicies": "/apis/networking.k8s.io/v1", "deployments": "/apis/apps/v1"}
	path := groups[kind] + "/namespaces/" + h.namespace + "/" + kind
	if name != "" {
		path += "/" + name
	}
	return path
}

// moveSelector lets one stable Service select the other slot, or none that there is.
func (h hands) moveSelector(ctx context.Context, variant int) (service, did string, err error) {
	service = h.services[variant%len(h.services)]
	var is corev1.Service
	if err := h.api.get(ctx, h.path("services", service), &is); err != nil {
		return "", "", err
	}
	slot := "none"
	if variant%2 == 0 {
		slot = otherSlot(is.Spec.Selector[slotLabel])
	}
	err = h.api.patch(ctx, h.path("services", service), map[string]any{"spec": map[string]any{"selector": map[string]any{slotLabel: slot}}})
	return service, fmt.Sprintf("%s selects slot %s", service, slot), err
}

func otherSlot(slot string) string {
	if slot == "blue" {
		return "green"
	}
	return "blue"
}

func (h hands) deleteService(ctx context.Context, variant int) (service, did string, err error) {
	service = h.services[variant%len(h.services)]
	return service, "deleted Service " + service, h.api.delete(ctx, h.path("services", service), nil)
}

// spoilRecord deletes or damages the newest record of a run that ended, or deletes that of the one under way.
func (h hands) spoilRecord(ctx context.Context, now Snapshot, variant int) (did string, err error) {
	name := func(running bool) string {
		for _, record := range now.Records {
			if record.Running() == running {
				return fmt.Sprintf("%s%d", journal.Prefix, record.Revision)
			}
		}
		return ""
	}
	closed, open := name(false), name(true)
	switch {
	case variant%3 == 0 && open != "":
		return "deleted " + open + ", which is open", h.api.delete(ctx, h.path("secrets", open), nil)
	case closed == "":
		return "", errors.New("there is no record")
	case variant%3 == 1:
		return "damaged " + closed, h.api.patch(ctx, h.path("secrets", closed), map[string]any{"data": map[string]any{"record": []byte("damaged")}})
	}
	return "deleted " + closed, h.api.delete(ctx, h.path("secrets", closed), nil)
}

// jobWithin is how long a hand waits for a Job to delete, where there is none.
const jobWithin = 20 * time.Second

// deleteJob deletes the pipeline's Jobs, or the next one that comes.
func (h hands) deleteJob(ctx context.Context) (did string, err error) {
	ctx, cancel := context.WithTimeout(ctx, jobWithin)
	defer cancel()
	for {
		var list batchv1.JobList
		if err := h.api.get(ctx, h.path("jobs", "")+"?labelSelector="+partOf, &list); err != nil {
			return "", err
		}
		for _, job := range list.Items {
			if err := h.api.delete(ctx, h.path("jobs", job.Name), map[string]any{"propagationPolicy": "Background"}); err != nil && !isNotFound(err) {
				return "", err
			}
			did += "deleted Job " + job.Name + " "
		}
		if did != "" {
			return did, nil
		}
		select {
		case <-time.After(observeEvery):
		case <-ctx.Done():
			return "there was no Job to delete", nil
		}
	}
}

// narrowed are the policies that a hand takes its rules from: that of the front door, and that of the cache.
var narrowed = []string{"ingress", "redis"}

// narrowPolicy lets a policy allow nothing more, and says how to tell that it is as it was.
func (h hands) narrowPolicy(ctx context.Context, variant int) (name, did string, restored func(context.Context) bool, err error) {
	name = narrowed[variant%len(narrowed)]
	path := h.path("networkpolicies", name)
	spec := func(ctx context.Context) (string, error) {
		var policy networkingv1.NetworkPolicy
		err := h.api.get(ctx, path, &policy)
		return digest(policy.Spec), err
	}
	was, err := spec(ctx)
	if err != nil {
		return "", "", nil, err
	}
	restored = func(ctx context.Context) bool {
		is, err := spec(ctx)
		return err == nil && is == was
	}
	err = h.api.patch(ctx, path, map[string]any{"spec": map[string]any{"ingress": []any{}}})
	return name, "NetworkPolicy " + name + " allows nothing more", restored, err
}

// evict deletes a pod of a service in a slot with its grace period, as the drain of a node does.
func (h hands) evict(ctx context.Context, slot, service string) (did string, err error) {
	pods, err := h.podsOf(ctx, slot, service)
	if err != nil || len(pods) == 0 {
		return "", errors.Join(err, fmt.Errorf("%s has no pod in slot %s", service, slot))
	}
	return "evicted " + pods[0].Name, h.api.delete(ctx, h.path("pods", pods[0].Name), nil)
}

// scaleAway takes the pods of a service out of a slot.
func (h hands) scaleAway(ctx context.Context, slot, service string) (did string, err error) {
	name := service + "-" + slot
	return "scaled " + name + " to 0", h.api.patch(ctx, h.path("deployments", name), map[string]any{"spec": map[string]any{"replicas": 0}})
}

func (h hands) podsOf(ctx context.Context, slot, service string) ([]corev1.Pod, error) {
	var list corev1.PodList
	err := h.api.get(ctx, fmt.Sprintf("%s?labelSelector=%s=%s,%s=%s", h.path("pods", ""), slotLabel, slot, appLabel, service), &list)
	return list.Items, err
}

func isNotFound(err error) bool {
	var status *statusError
	return errors.As(err, &status) && status.code == http.StatusNotFound
}
