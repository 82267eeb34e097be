package chaos

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/codingbutter/team-dashboard/ci/e2e/chaos/journal"
)

const (
	appLabel     = "app"
	slotLabel    = "team-dashboard.app/slot"
	versionLabel = "app.kubernetes.io/version"
	partOf       = "app.kubernetes.io/part-of=team-dashboard"
	records      = "app.kubernetes.io/component=record"
	lease        = "pipeline"
)

// Snapshot is an environment as an independent witness sees it.
type Snapshot struct {
	At time.Time
	// Selected is the slot that each stable Service selects; a Service that is not there is left out.
	Selected map[string]string
	// Slots are the workloads by slot and service.
	Slots map[string]map[string]Workload
	// Records are the newest first; Damaged names those that cannot be read.
	Records []journal.Record
	Damaged []string
	// Holder has the lock; empty when nobody has.
	Holder string
	// Shared are the objects that all slots share: a digest of what each asks for.
	Shared map[string]string
}

// Workload is one service in one slot.
type Workload struct {
	Version        string
	Desired, Ready int
	// Images are those of the pods that are not on their way out, without repeats.
	Images []string
}

// look reads an environment anew.
func look(ctx context.Context, api *access, namespace string, services []string) (Snapshot, error) {
	s := Snapshot{At: time.Now(), Selected: map[string]string{}, Slots: map[string]map[string]Workload{}, Shared: map[string]string{}}
	for _, read := range []func(context.Context, *access, string, []string) error{s.readServices, s.readWorkloads, s.readPods, s.readRecords, s.readLease, s.readShared} {
		if err := read(ctx, api, namespace, services); err != nil {
			return Snapshot{}, fmt.Errorf("looking at namespace %q: %w", namespace, err)
		}
	}
	return s, nil
}

func (s *Snapshot) readServices(ctx context.Context, api *access, namespace string, services []string) error {
	var list corev1.ServiceList
	if err := api.get(ctx, "/api/v1/namespaces/"+namespace+"/services", &list); err != nil {
		return err
	}
	for _, service := range list.Items {
		if slices.Contains(services, service.Name) {
			s.Selected[service.Name] = service.Spec.Selector[slotLabel]
		}
	}
	return nil
}

func (s *Snapshot) readWorkloads(ctx context.Context, api *access, namespace string, services []string) error {
	var list appsv1.DeploymentList
	if err := api.get(ctx, "/apis/apps/v1/namespaces/"+namespace+"/deployments?labelSelector="+partOf, &list); err != nil {
		return err
	}
	for _, deployment := range list.Items {
		slot, service := deployment.Labels[slotLabel], deployment.Labels[appLabel]
		if !slices.Contains(services, service) {
			continue
		}
		if s.Slots[slot] == nil {
			s.Slots[slot] = map[string]Workload{}
		}
		desired := 1
		if deployment.Spec.Replicas != nil {
			desired = int(*deployment.Spec.Replicas)
		}
		s.Slots[slot][service] = Workload{Version: deployment.Labels[versionLabel], Desired: desired}
	}
	return nil
}

func (s *Snapshot) readPods(ctx context.Context, api *access, namespace string, _ []string) error {
	var list corev1.PodList
	if err := api.get(ctx, "/api/v1/namespaces/"+namespace+"/pods?labelSelector="+partOf, &list); err != nil {
		return err
	}
	for _, pod := range list.Items {
		slot, service := pod.Labels[slotLabel], pod.Labels[appLabel]
		workload, found := s.Slots[slot][service]
		if !found || !counts(pod) {
			continue
		}
		if ready(pod) {
			workload.Ready++
		}
		for _, container := range pod.Spec.Containers {
			if container.Name == service && !slices.Contains(workload.Images, container.Image) {
				workload.Images = append(workload.Images, container.Image)
			}
		}
		s.Slots[slot][service] = workload
	}
	return nil
}

// counts says whether a pod is one of those that its Deployment has: not on its way out, nor ended.
func counts(pod corev1.Pod) bool {
	return pod.DeletionTimestamp == nil && pod.Status.Phase != corev1.PodFailed && pod.Status.Phase != corev1.PodSucceeded
}

func ready(pod corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

func (s *Snapshot) readRecords(ctx context.Context, api *access, namespace string, _ []string) error {
	var list corev1.SecretList
	if err := api.get(ctx, "/api/v1/namespaces/"+namespace+"/secrets?labelSelector="+records, &list); err != nil {
		return err
	}
	for _, secret := range list.Items {
		if _, isRecord := journal.Revision(secret.Name); !isRecord {
			continue
		}
		record, err := journal.Parse(secret.Data)
		if err != nil {
			s.Damaged = append(s.Damaged, secret.Name)
			continue
		}
		s.Records = append(s.Records, record)
	}
	slices.SortFunc(s.Records, func(a, b journal.Record) int { return cmp.Compare(b.Revision, a.Revision) })
	return nil
}

func (s *Snapshot) readLease(ctx context.Context, api *access, namespace string, _ []string) error {
	var list coordinationv1.LeaseList
	if err := api.get(ctx, "/apis/coordination.k8s.io/v1/namespaces/"+namespace+"/leases", &list); err != nil {
		return err
	}
	for _, item := range list.Items {
		if item.Name == lease && item.Spec.HolderIdentity != nil {
			s.Holder = *item.Spec.HolderIdentity
		}
	}
	return nil
}

// readShared notes what is asked for, and not what a controller made of it.
func (s *Snapshot) readShared(ctx context.Context, api *access, namespace string, services []string) error {
	var policies networkingv1.NetworkPolicyList
	if err := api.get(ctx, "/apis/networking.k8s.io/v1/namespaces/"+namespace+"/networkpolicies", &policies); err != nil {
		return err
	}
	for _, policy := range policies.Items {
		s.Shared["NetworkPolicy/"+policy.Name] = digest(policy.Spec)
	}
	var ingresses networkingv1.IngressList
	if err := api.get(ctx, "/apis/networking.k8s.io/v1/namespaces/"+namespace+"/ingresses", &ingresses); err != nil {
		return err
	}
	for _, ingress := range ingresses.Items {
		s.Shared["Ingress/"+ingress.Name] = digest(ingress.Spec)
	}
	for _, service := range services {
		s.Shared["selector of "+service] = s.Selected[service]
	}
	return nil
}

func digest(value any) string {
	data, _ := json.Marshal(value)
	return fmt.Sprintf("%x", sha256.Sum256(data))[:12]
}

// live is the slot that all stable Services select; empty when they do not agree.
func (s Snapshot) live() string {
	slots := slices.Compact(slices.Sorted(maps.Values(s.Selected)))
	if len(slots) != 1 {
		return ""
	}
	return slots[0]
}

// version is the release in a slot; empty when there is none, or more than one.
func (s Snapshot) version(slot string) string {
	var versions []string
	for _, workload := range s.Slots[slot] {
		versions = append(versions, workload.Version)
	}
	slices.Sort(versions)
	if versions = slices.Compact(versions); len(versions) != 1 {
		return ""
	}
	return versions[0]
}

// record finds a revision.
func (s Snapshot) record(revision int) (journal.Record, bool) {
	at := slices.IndexFunc(s.Records, func(r journal.Record) bool { return r.Revision == revision })
	if at < 0 {
		return journal.Record{}, false
	}
	return s.Records[at], true
}

// images are those of a release, by the newest record that names it.
func (s Snapshot) images(version string) map[string]string {
	for _, record := range s.Records {
		if record.Release.Version == version {
			return record.Release.Images
		}
	}
	return nil
}

func digestOf(image string) string {
	_, digest, _ := strings.Cut(image, "@")
	return digest
}
