package clustertest

import (
	_ "embed"
	"maps"
	"strings"
	"sync"

	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

//go:embed defaults.yaml
var defaultsYAML []byte

// defaults are the entries of defaults.yaml with what they name put in.
var defaults = sync.OnceValue(func() map[string]any {
	content, err := yaml.YAMLToJSON(defaultsYAML)
	if err != nil {
		panic(err)
	}
	var read map[string]any
	if err := utiljson.Unmarshal(content, &read); err != nil { // numbers are whole, as in objects
		panic(err)
	}
	for name, entry := range read {
		read[name] = resolved(read, entry)
	}
	return read
})

func resolved(all map[string]any, entry any) any {
	switch entry := entry.(type) {
	case string:
		if name, ok := strings.CutPrefix(entry, "$"); ok {
			return resolved(all, all[name])
		}
	case map[string]any:
		for key, value := range entry {
			entry[key] = resolved(all, value)
		}
	case []any:
		for i := range entry {
			entry[i] = resolved(all, entry[i])
		}
	}
	return entry
}

// defaulted is a document with all that the server fills in, and without what it does not keep. The given one is not changed.
func defaulted(k *kind, document map[string]any) map[string]any {
	document = trimmed(k, document)
	wanted, ok := defaults()[k.name].(map[string]any)
	if !ok {
		return document
	}
	after := filled(document, wanted)
	derive(k, after)
	return after
}

// filled is a document with what it lacks.
func filled(document, wanted map[string]any) map[string]any {
	after := maps.Clone(document)
	for key, value := range wanted {
		key, looked := strings.CutPrefix(key, "if ")
		before, exists := after[key]
		switch value := value.(type) {
		case map[string]any:
			inner, isDocument := before.(map[string]any)
			if isDocument || !exists && !looked {
				after[key] = filled(orEmpty(inner), value)
			}
		case []any:
			elements, _ := before.([]any)
			if looked && len(elements) > 0 {
				after[key] = filledEach(elements, value[0])
			} else if !looked && !exists {
				after[key] = value
			}
		default:
			if !exists {
				after[key] = value
			}
		}
	}
	return after
}

func filledEach(elements []any, wanted any) []any {
	after := make([]any, len(elements))
	for i, element := range elements {
		after[i] = element
		document, isDocument := element.(map[string]any)
		if wanted, ok := wanted.(map[string]any); ok && isDocument {
			after[i] = filled(document, wanted)
		}
	}
	return after
}

func orEmpty(document map[string]any) map[string]any {
	if document == nil {
		return map[string]any{}
	}
	return document
}

// derive fills in what depends on other fields. It may change what filled has made, and only that.
func derive(k *kind, object map[string]any) {
	spec, _ := object["spec"].(map[string]any)
	switch k.name {
	case "Service":
		ports, _ := spec["ports"].([]any)
		for _, raw := range ports {
			if port, _ := raw.(map[string]any); port != nil && port["targetPort"] == nil {
				port["targetPort"] = port["port"]
			}
		}
	case "Deployment":
		rollingUpdate(spec, "strategy", map[string]any{"maxSurge": "25%", "maxUnavailable": "25%"})
	case "StatefulSet":
		rollingUpdate(spec, "updateStrategy", map[string]any{"partition": int64(0)})
	case "NetworkPolicy":
		types := []any{"Ingress"}
		if egress, _ := spec["egress"].([]any); len(egress) > 0 {
			types = append(types, "Egress")
		}
		if spec["policyTypes"] == nil {
			spec["policyTypes"] = types
		}
	case "Pod":
		derivePod(spec)
	}
	if template, ok := spec["template"].(map[string]any); ok && template["spec"] != nil {
		derivePod(template["spec"].(map[string]any))
	}
	if job, ok := spec["jobTemplate"].(map[string]any); ok {
		derive(k, job)
	}
}

func rollingUpdate(spec map[string]any, field string, wanted map[string]any) {
	strategy, _ := spec[field].(map[string]any)
	if strategy["type"] != "RollingUpdate" {
		return
	}
	given, _ := strategy["rollingUpdate"].(map[string]any)
	strategy["rollingUpdate"] = filled(orEmpty(given), wanted)
}

func derivePod(spec map[string]any) {
	if account := spec["serviceAccountName"]; account != nil {
		spec["serviceAccount"] = account
	}
	for _, field := range []string{"initContainers", "containers"} {
		containers, _ := spec[field].([]any)
		for _, raw := range containers {
			if container, _ := raw.(map[string]any); container != nil && container["imagePullPolicy"] == nil {
				container["imagePullPolicy"] = pullPolicy(container["image"])
			}
		}
	}
}

// pullPolicy is Always for the tag latest, which an image without a tag has.
func pullPolicy(image any) string {
	text, _ := image.(string)
	name := text[strings.LastIndex(text, "/")+1:]
	if !strings.Contains(name, ":") && !strings.Contains(name, "@") || strings.HasSuffix(name, ":latest") {
		return "Always"
	}
	return "IfNotPresent"
}
