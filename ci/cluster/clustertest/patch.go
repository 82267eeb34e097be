package clustertest

import (
	"maps"
	"net/http"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// jsonPatched is the object as a JSON patch (RFC 6902) makes it.
func jsonPatched(c change) (*cluster.Object, error) {
	patch, err := jsonpatch.DecodePatch(c.body)
	if err != nil {
		return nil, apierrors.NewBadRequest("error decoding patch: " + strings.ReplaceAll(err.Error(), "jsonpatch.Patch", "[]handlers.jsonPatchOp"))
	}
	after, err := patch.Apply(c.live.json())
	if err != nil {
		refused := apierrors.NewGenericServerResponse(http.StatusUnprocessableEntity, "", schema.GroupResource{}, "", "", 0, false)
		refused.ErrStatus.Details = &metav1.StatusDetails{} // the real server keeps the cause to itself
		return nil, refused
	}
	return parse(c.location, after)
}

// mergePatched is the object as a merge patch (RFC 7386) makes it.
func mergePatched(c change) (*cluster.Object, error) {
	var patch map[string]any
	if err := utiljson.Unmarshal(c.body, &patch); err != nil { // numbers are whole, as in objects
		return nil, apierrors.NewBadRequest(err.Error())
	}
	object := writable(&cluster.Object{Object: overlaid(c.live.Object.Object, patch)})
	return object, addressed(c.location, object)
}

// overlaid is a document with a merge patch over it; neither is changed.
func overlaid(document, patch map[string]any) map[string]any {
	after := maps.Clone(document)
	if after == nil {
		after = map[string]any{}
	}
	for key, value := range patch {
		inner, isDocument := value.(map[string]any)
		before, _ := after[key].(map[string]any)
		switch {
		case value == nil:
			delete(after, key)
		case isDocument:
			after[key] = overlaid(before, inner)
		default:
			after[key] = value
		}
	}
	return after
}
