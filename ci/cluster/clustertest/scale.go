package clustertest

import (
	"encoding/json"
	"maps"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// scaleKind is the kind of all scales.
var scaleKind = &kind{apiVersion: "autoscaling/v1", name: "Scale"}

// scaled sets the number of replicas of what is there, by a merge patch or an update of its scale.
func (s *Server) scaled(c change) (any, error) {
	if !c.kind.is(scaled) {
		return nil, unknownPath()
	}
	if c.live == nil {
		return nil, notFound(c.location)
	}
	var wanted struct {
		Metadata struct{ ResourceVersion string }
		Spec     struct{ Replicas int64 }
	}
	if err := json.Unmarshal(c.body, &wanted); err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	if version := wanted.Metadata.ResourceVersion; version != "" && version != c.live.GetResourceVersion() {
		return nil, conflict(c.location)
	}
	if count := wanted.Spec.Replicas; count < 0 {
		return nil, apierrors.NewInvalid(schema.GroupKind{Group: "autoscaling", Kind: "Scale"}, c.name,
			field.ErrorList{field.Invalid(field.NewPath("spec", "replicas"), count, "must be greater than or equal to 0")})
	}
	object, err := rescaled(c, wanted.Spec.Replicas)
	if err != nil {
		return nil, err
	}
	if _, err := s.checked(c, object); err != nil {
		return nil, err
	}
	if !c.dryRun {
		object = s.at(c.location).Object
	}
	return scaleOf(object).Object, nil
}

// rescaled is the object with another number of replicas, which belong to who set them by the scale.
func rescaled(c change, replicas int64) (*cluster.Object, error) {
	object := writable(c.live.Object)
	spec, _ := object.Object["spec"].(map[string]any)
	spec = maps.Clone(spec)
	spec["replicas"] = replicas
	object.Object["spec"] = spec

	handler := managedfields.NewScaleHandler(c.live.GetManagedFields(), c.kind.groupVersion(),
		managedfields.ResourcePathMappings{c.kind.apiVersion: fieldpath.MakePathOrDie("spec", "replicas")})
	entries, err := handler.ToSubresource()
	if err != nil {
		return nil, err
	}
	live := scaleOf(c.live.Object)
	live.SetManagedFields(entries)
	changed, err := manager{scaleKind, "scale"}.fields().Update(live, scaleOf(object), c.manager)
	if err != nil {
		return nil, err
	}
	if entries, err = handler.ToParent(changed.(*cluster.Object).GetManagedFields()); err != nil {
		return nil, err
	}
	object.SetManagedFields(entries)
	return object, nil
}

// scaleOf is the Scale of an object. No replicas are left out, as are all zeros.
func scaleOf(object *cluster.Object) *cluster.Object {
	scale := &cluster.Object{Object: map[string]any{"metadata": map[string]any{"creationTimestamp": nested(object, "metadata", "creationTimestamp")},
		"spec": map[string]any{}, "status": map[string]any{"replicas": int64(0)}}}
	scale.SetAPIVersion(scaleKind.apiVersion)
	scale.SetKind(scaleKind.name)
	scale.SetName(object.GetName())
	scale.SetNamespace(object.GetNamespace())
	scale.SetUID(object.GetUID())
	scale.SetResourceVersion(object.GetResourceVersion())
	if count, _ := nested(object, "spec", "replicas").(int64); count != 0 {
		scale.Object["spec"] = map[string]any{"replicas": count}
	}
	if count, _ := nested(object, "status", "replicas").(int64); count != 0 {
		scale.Object["status"] = map[string]any{"replicas": count}
	}
	return scale
}
