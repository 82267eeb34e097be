package cluster

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// The API server keeps with each object which of its fields were set by whom (metadata.managedFields).

// fenceManager is the name under which Stamp sets annotations.
const fenceManager = "pipeline-fence"

// byHand says whether an entry is a person's: each command of kubectl has a name that begins with its own (kubectl-edit,
// kubectl-set, kubectl-client-side-apply). A restart is no field that anybody wants kept or removed.
func byHand(entry metav1.ManagedFieldsEntry) bool {
	isKubectl := entry.Manager == "kubectl" || strings.HasPrefix(entry.Manager, "kubectl-")
	return isKubectl && entry.Manager != kubectlRollout && entry.Subresource == ""
}

// HandEdited says whether a person has set fields of an object that an Apply of the wanted one would take over.
func HandEdited(read, wanted *Object) bool {
	entries, err := takenOver(read, wanted)
	return err == nil && entries != nil
}

const kubectlRollout = "kubectl-rollout"

// isApplied says whether an entry is that of the pipeline's Apply.
func isApplied(entry metav1.ManagedFieldsEntry) bool {
	return entry.Manager == FieldManager && entry.Operation == metav1.ManagedFieldsOperationApply && entry.Subresource == ""
}

// replicas stay as they are where the manifests leave them out: to remove them would mean one.
var replicas = fieldpath.NewSet(fieldpath.MakePathOrDie("spec", "replicas"))

// takenOver are the entries of an object when its Apply has taken over what people set: the next Apply then removes what it
// does not mention, which would else stay for ever, since it is still wanted by somebody. Nil when there is nothing to take.
// Fields that were set in another version of the API have other names; they stay where they are.
func takenOver(read, wanted *Object) ([]metav1.ManagedFieldsEntry, error) {
	own := metav1.ManagedFieldsEntry{Manager: FieldManager, Operation: metav1.ManagedFieldsOperationApply,
		APIVersion: read.GetAPIVersion(), FieldsType: "FieldsV1", Time: &metav1.Time{Time: time.Now()}}
	var entries []metav1.ManagedFieldsEntry
	all, taken := fieldpath.NewSet(), fieldpath.NewSet()
	_, sized, _ := unstructured.NestedFieldNoCopy(wanted.Object, "spec", "replicas")
	for _, entry := range read.GetManagedFields() {
		isPerson := byHand(entry) && entry.APIVersion == read.GetAPIVersion()
		if !isPerson && !isApplied(entry) {
			entries = append(entries, entry)
			continue
		}
		fields, err := fieldsOf(entry)
		if err != nil {
			return nil, err
		}
		if isApplied(entry) {
			own, all = entry, all.Union(fields)
			continue
		}
		if kept := fields.Intersection(replicas); !sized && !kept.Empty() {
			fields = fields.Difference(replicas)
			if entry, err = withFields(entry, kept); err != nil {
				return nil, err
			}
			entries = append(entries, entry)
		}
		taken = taken.Union(fields)
	}
	if taken.Empty() || own.APIVersion != read.GetAPIVersion() {
		return nil, nil
	}
	own, err := withFields(own, all.Union(taken))
	return append(entries, own), err
}

// controlPlane are the managers of Kubernetes itself, and of this pipeline, which set fields as part of their work.
var controlPlane = []string{FieldManager, fenceManager, kubectlRollout,
	"kube-controller-manager", "kube-scheduler", "kube-apiserver", "kubelet", "cloud-controller-manager", "k3s"}

// Foreign lists the fields of an object that others set and the pipeline's manifests do not have: no apply removes them.
func Foreign(object *Object) []string {
	var found []string
	own := fieldpath.NewSet()
	for _, entry := range object.GetManagedFields() {
		if fields, err := fieldsOf(entry); err == nil && entry.Manager == FieldManager {
			own = own.Union(fields)
		}
	}
	for _, entry := range object.GetManagedFields() {
		fields, err := fieldsOf(entry)
		if err != nil || entry.Subresource != "" || slices.Contains(controlPlane, entry.Manager) {
			continue
		}
		for _, path := range topmost(fields.Difference(own)) {
			found = append(found, fmt.Sprintf("%s by %q", strings.TrimPrefix(path, "."), entry.Manager))
		}
	}
	return found
}

// topmost are the paths of a set that manifests could set, without those below others.
func topmost(fields *fieldpath.Set) []string {
	var found []string
	fields.Iterate(func(path fieldpath.Path) {
		text := path.String()
		isBelow := slices.ContainsFunc(found, func(above string) bool {
			rest, ok := strings.CutPrefix(text, above)
			return ok && (rest[0] == '.' || rest[0] == '[')
		})
		if isSpecified(text) && !isBelow {
			found = append(found, text)
		}
	})
	slices.Sort(found)
	return found
}

// isSpecified tells what manifests say from what controllers report and note.
func isSpecified(path string) bool {
	if strings.HasPrefix(path, ".metadata") {
		return strings.HasPrefix(path, ".metadata.labels")
	}
	return !strings.HasPrefix(path, ".status")
}

// WroteBetween says whether the pipeline itself changed an object between two reads of it.
func WroteBetween(before, after *Object) bool {
	entriesOf := func(object *Object) []metav1.ManagedFieldsEntry {
		return slices.DeleteFunc(object.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool { return entry.Manager != FieldManager })
	}
	return !slices.EqualFunc(entriesOf(before), entriesOf(after), func(a, b metav1.ManagedFieldsEntry) bool {
		return a.Operation == b.Operation && a.Subresource == b.Subresource && a.Time.Equal(b.Time) && bytes.Equal(rawFields(a), rawFields(b))
	})
}

func fieldsOf(entry metav1.ManagedFieldsEntry) (*fieldpath.Set, error) {
	fields := fieldpath.NewSet()
	if raw := rawFields(entry); raw != nil {
		if err := fields.FromJSON(bytes.NewReader(raw)); err != nil {
			return nil, fmt.Errorf("reading which fields %q set: %w", entry.Manager, err)
		}
	}
	return fields, nil
}

func rawFields(entry metav1.ManagedFieldsEntry) []byte {
	if entry.FieldsV1 == nil {
		return nil
	}
	return entry.FieldsV1.GetRawBytes()
}

func withFields(entry metav1.ManagedFieldsEntry, fields *fieldpath.Set) (metav1.ManagedFieldsEntry, error) {
	raw, err := fields.ToJSON()
	entry.FieldsV1 = &metav1.FieldsV1{}
	entry.FieldsV1.SetRawBytes(raw)
	return entry, err
}
