package monitoring

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// dashboard is the part of Grafana's JSON that the tests look at.
type dashboard struct {
	UID         string `json:"uid"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Templating  struct {
		List []struct {
			Name string `json:"name"`
		} `json:"list"`
	} `json:"templating"`
	Annotations struct {
		List []struct {
			Name string `json:"name"`
			Expr string `json:"expr"`
		} `json:"list"`
	} `json:"annotations"`
	Panels []panel `json:"panels"`
}

type panel struct {
	ID          int    `json:"id"`
	Type        string `json:"type"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Datasource  struct {
		UID string `json:"uid"`
	} `json:"datasource"`
	GridPos struct {
		X, Y, W, H int
	} `json:"gridPos"`
	FieldConfig struct {
		Defaults struct {
			Unit string `json:"unit"`
		} `json:"defaults"`
	} `json:"fieldConfig"`
	Targets []struct {
		Expr string `json:"expr"`
	} `json:"targets"`
}

func dashboards(t *testing.T) map[string]dashboard {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(manifests, "monitoring/grafana/dashboards/*.json"))
	require.NoError(t, err)
	all := map[string]dashboard{}
	for _, path := range files {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		var parsed dashboard
		require.NoError(t, json.Unmarshal(data, &parsed), path)
		all[filepath.Base(path)] = parsed
	}
	return all
}

func TestDashboards(t *testing.T) {
	kustomization := text(t, "grafana/kustomization.yaml")
	uids := map[string]bool{}
	for name, board := range dashboards(t) {
		t.Run(name, func(t *testing.T) {
			assert.Contains(t, kustomization, "- dashboards/"+name+"\n")
			assert.NotEmpty(t, board.Title)
			assert.NotEmpty(t, board.Description)
			assert.False(t, uids[board.UID], "uid %s is used twice", board.UID)
			uids[board.UID] = true
			annotations := []string{}
			for _, annotation := range board.Annotations.List {
				annotations = append(annotations, annotation.Name)
			}
			assert.Equal(t, []string{"Releases", "Deploys"}, annotations)
			board.check(t)
		})
	}
	assert.Len(t, uids, 5)
}

// check looks at the panels: each says what it shows, in which unit, of variables that there are, in a place of its own.
func (d dashboard) check(t *testing.T) {
	known := map[string]bool{"__rate_interval": true, "__range": true}
	for _, variable := range d.Templating.List {
		known[variable.Name] = true
	}
	assert.True(t, known["namespace"])
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, panel := range d.Panels {
		assert.False(t, ids[panel.ID], "%s: id %d is used twice", panel.Title, panel.ID)
		ids[panel.ID] = true
		for x := panel.GridPos.X; x < panel.GridPos.X+panel.GridPos.W; x++ {
			for y := panel.GridPos.Y; y < panel.GridPos.Y+panel.GridPos.H; y++ {
				assert.Empty(t, taken[[2]int{x, y}], "%s lies over another panel", panel.Title)
				assert.Less(t, x, 24, panel.Title)
				taken[[2]int{x, y}] = panel.Title
			}
		}
		if panel.Type == "row" {
			continue
		}
		assert.NotEmpty(t, panel.Description, panel.Title)
		assert.NotEmpty(t, panel.FieldConfig.Defaults.Unit, panel.Title)
		assert.Equal(t, "prometheus", panel.Datasource.UID, panel.Title)
		assert.NotEmpty(t, panel.Targets, panel.Title)
		for _, target := range panel.Targets {
			for _, part := range strings.Split(target.Expr, "$")[1:] {
				name := strings.FieldsFunc(part, func(r rune) bool { return !(r == '_' || 'a' <= r && r <= 'z') })[0]
				assert.True(t, known[name], "%s: variable %s is unknown", panel.Title, name)
			}
		}
	}
}
