package clustertest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
)

// selectable are the fields that a list of a kind can be narrowed by, beside its name and namespace.
var selectable = map[string][]string{
	"Event":  {"type", "reason", "involvedObject.kind", "involvedObject.name", "involvedObject.namespace", "involvedObject.uid"},
	"Secret": {"type"},
	"Pod":    {"spec.nodeName", "spec.serviceAccountName", "status.phase"},
	"Job":    {"status.successful"},
}

func (s *Server) list(request *http.Request, c collection) *http.Response {
	query := request.URL.Query()
	byLabels, err := labels.Parse(query.Get("labelSelector"))
	if err != nil {
		return refuse(request, apierrors.NewBadRequest(err.Error()))
	}
	byFields, err := fields.ParseSelector(query.Get("fieldSelector"))
	if err != nil {
		return refuse(request, apierrors.NewBadRequest(err.Error()))
	}
	for _, wanted := range byFields.Requirements() {
		if !isSelectable(c.kind, wanted.Field) {
			return refuse(request, apierrors.NewBadRequest("field label not supported: "+wanted.Field))
		}
	}
	var list strings.Builder
	fmt.Fprintf(&list, `{"apiVersion":%q,"kind":%q,"metadata":{"resourceVersion":%q},"items":[`, c.kind.apiVersion, c.kind.name+"List", strconv.Itoa(s.version))
	separator := ""
	for _, kept := range s.in(c) {
		if !byLabels.Matches(kept.labels) || !byFields.Matches(fieldsOf{kept}) {
			continue
		}
		list.WriteString(separator)
		separator = ","
		if c.kind.is(custom) { // only what has a Go type leaves its kind out
			list.Write(kept.json())
		} else {
			list.Write(kept.fields())
		}
	}
	list.WriteString("]}")
	return respond(request, http.StatusOK, json.RawMessage(list.String()))
}

func isSelectable(k *kind, field string) bool {
	return field == "metadata.name" || field == "metadata.namespace" || slices.Contains(selectable[k.name], field)
}

// fieldsOf are the fields of an object by their paths.
type fieldsOf struct{ object *stored }

func (f fieldsOf) Has(string) bool { return true }

func (f fieldsOf) Get(path string) string {
	if value := nested(f.object.Object, strings.Split(path, ".")...); value != nil {
		return fmt.Sprint(value)
	}
	return ""
}
