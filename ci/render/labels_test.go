package render

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEveryObjectIsLabelled(t *testing.T) {
	for _, layer := range layers {
		for _, object := range rendered(t, layer.environment, layer.layer, layer.slot) {
			where := layer.name + " " + describe(object)
			labels := object.GetLabels()
			assert.Equal(t, "team-dashboard", labels[PartOfLabel], where)
			assert.Equal(t, "pipeline", labels["app.kubernetes.io/managed-by"], where)
			assert.NotEmpty(t, labels["app.kubernetes.io/name"], where)
			assert.NotEmpty(t, labels[ComponentLabel], where)
			assert.Equal(t, layer.slot, labels[SlotLabel], where)
			if object.GetKind() == "Namespace" {
				assert.Equal(t, "restricted", labels["pod-security.kubernetes.io/enforce"], where)
			}
		}
	}
}
