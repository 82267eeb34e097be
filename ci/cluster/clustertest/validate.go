package clustertest

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// validate finds what the API server would find, of the mistakes that a pipeline can make: not all that there are.
func validate(k *kind, before, object *cluster.Object) field.ErrorList {
	errs := validateMetadata(before, object)
	spec, at := objectAt(object, "spec"), field.NewPath("spec")
	switch k.name {
	case "Secret":
		errs = append(errs, validateSecret(before, object)...)
	case "Service":
		errs = append(errs, validatePorts(spec, at)...)
		errs = append(errs, validateAddress(before, spec)...)
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet":
		errs = append(errs, validateWorkload(spec, at)...)
	case "Pod":
		errs = append(errs, validatePod(spec, at)...)
	case "Job":
		errs = append(errs, validatePod(objectAt(object, "spec", "template", "spec"), at.Child("template", "spec"))...)
	}
	if before != nil {
		errs = append(errs, validateUpdate(k, before, object)...)
	}
	return errs
}

// wronged finds the mistakes of a change. Those that were there before are of tests, which put objects that lack much.
func wronged(k *kind, before, object *cluster.Object) field.ErrorList {
	errs := validate(k, before, object)
	if len(errs) == 0 {
		return nil
	}
	known := validate(k, nil, before)
	return slices.DeleteFunc(errs, func(found *field.Error) bool {
		return slices.ContainsFunc(known, func(old *field.Error) bool { return old.Field == found.Field && old.Type == found.Type })
	})
}

func validateMetadata(before, object *cluster.Object) field.ErrorList {
	at := field.NewPath("metadata")
	name := object.GetName()
	if name == "" {
		return field.ErrorList{field.Required(at.Child("name"), "name or generateName is required")}
	}
	if before != nil {
		if uid := object.GetUID(); uid != "" && uid != before.GetUID() {
			twice := field.Invalid(at.Child("uid"), uid, "field is immutable") // by the checks of metadata, and those of the kind
			return field.ErrorList{twice, twice}
		}
		return nil
	}
	var errs field.ErrorList
	for _, problem := range validation.NameIsDNSSubdomain(name, false) {
		errs = append(errs, field.Invalid(at.Child("name"), name, problem))
	}
	return errs
}

func validateSecret(before, object *cluster.Object) field.ErrorList {
	if before == nil {
		return nil
	}
	errs := validation.ValidateImmutableField(object.Object["type"], before.Object["type"], field.NewPath("type"))
	if before.Object["immutable"] == true && !reflect.DeepEqual(before.Object["data"], object.Object["data"]) {
		errs = append(errs, field.Forbidden(field.NewPath("data"), "field is immutable when `immutable` is set"))
	}
	return errs
}

func validatePorts(spec map[string]any, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	ports, _ := spec["ports"].([]any)
	for i, raw := range ports {
		port, _ := raw.(map[string]any)
		errs = append(errs, validatePort(port["port"], at.Child("ports").Index(i).Child("port"))...)
		if _, isNumber := port["targetPort"].(int64); isNumber {
			errs = append(errs, validatePort(port["targetPort"], at.Child("ports").Index(i).Child("targetPort"))...)
		}
	}
	return errs
}

func validatePort(value any, at *field.Path) field.ErrorList {
	if number, _ := value.(int64); number < 1 || number > 65535 {
		return field.ErrorList{field.Invalid(at, number, "must be between 1 and 65535, inclusive")}
	}
	return nil
}

func validateAddress(before *cluster.Object, spec map[string]any) field.ErrorList {
	if before == nil {
		return nil
	}
	was, is := objectAt(before, "spec")["clusterIPs"], spec["clusterIPs"]
	if was == nil || is == nil || reflect.DeepEqual(was, is) {
		return nil
	}
	return field.ErrorList{field.Invalid(field.NewPath("spec", "clusterIPs").Index(0), is, "may not change once set")}
}

func validateWorkload(spec map[string]any, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	if count, ok := spec["replicas"].(int64); ok && count < 0 {
		errs = append(errs, field.Invalid(at.Child("replicas"), count, "must be greater than or equal to 0"))
	}
	template, _ := spec["template"].(map[string]any)
	pod, _ := template["spec"].(map[string]any)
	marked := templateLabels(template)
	if selector, _ := spec["selector"].(map[string]any); selector != nil {
		if !labels.SelectorFromSet(texts(selector["matchLabels"])).Matches(labels.Set(marked)) {
			errs = append(errs, field.Invalid(at.Child("template", "metadata", "labels"), marked, "`selector` does not match template `labels`"))
		}
	} else {
		errs = append(errs, field.Required(at.Child("selector"), ""))
	}
	return append(errs, validatePod(pod, at.Child("template", "spec"))...)
}

func validatePod(pod map[string]any, at *field.Path) field.ErrorList {
	containers, _ := pod["containers"].([]any)
	if len(containers) == 0 {
		return field.ErrorList{field.Required(at.Child("containers"), "")}
	}
	var errs field.ErrorList
	for i, raw := range containers {
		container, _ := raw.(map[string]any)
		at := at.Child("containers").Index(i)
		if container["image"] == nil || container["image"] == "" {
			errs = append(errs, field.Required(at.Child("image"), ""))
		}
		ports, _ := container["ports"].([]any)
		for j, raw := range ports {
			port, _ := raw.(map[string]any)
			errs = append(errs, validatePort(port["containerPort"], at.Child("ports").Index(j).Child("containerPort"))...)
		}
	}
	return errs
}

// mutable are the fields of a StatefulSet that may be changed.
var mutable = []string{"replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "persistentVolumeClaimRetentionPolicy", "minReadySeconds"}

func validateUpdate(k *kind, before, object *cluster.Object) field.ErrorList {
	was, is, at := objectAt(before, "spec"), objectAt(object, "spec"), field.NewPath("spec")
	immutable := func(name string) field.ErrorList {
		if reflect.DeepEqual(was[name], is[name]) {
			return nil
		}
		return field.ErrorList{field.Invalid(at.Child(name), printed{is[name]}, "field is immutable")}
	}
	switch k.name {
	case "Deployment", "DaemonSet", "ReplicaSet":
		return immutable("selector")
	case "Job":
		return append(immutable("selector"), immutable("template")...)
	case "StatefulSet":
		if !reflect.DeepEqual(without(was, mutable), without(is, mutable)) {
			return field.ErrorList{field.Forbidden(at, "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "+
				"'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden")}
		}
	}
	return nil
}

// printed is a value that messages show as JSON.
type printed struct{ value any }

func (p printed) MarshalJSON() ([]byte, error) { return json.Marshal(p.value) }

func without(fields map[string]any, names []string) map[string]any {
	rest := maps.Clone(fields)
	maps.DeleteFunc(rest, func(name string, _ any) bool { return slices.Contains(names, name) })
	return rest
}

func objectAt(object *cluster.Object, fields ...string) map[string]any {
	found, _ := nested(object, fields...).(map[string]any)
	return found
}
