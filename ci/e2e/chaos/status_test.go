package chaos

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestStatus(t *testing.T) {
	const live = `"live":{"release":"v2","slot":"green","revision":2}`
	tests := map[string]struct {
		text    string
		wrong   []string
		command []string
	}{
		"all is well":      {`{` + live + `,"next":["dagger call rollback --env production"]}`, nil, []string{"rollback", "--env", "production"}},
		"a problem":        {`{` + live + `,"problems":["dashboard: 2 of 3 pods are ready"],"next":["dagger call health-check --env production"]}`, []string{"dashboard: 2 of 3 pods are ready"}, nil},
		"a run under way":  {`{` + live + `,"running":{"step":"wait"},"next":["dagger call deploy --env production --release v3"]}`, []string{"status shows a run under way"}, []string{"deploy", "--env", "production", "--release", "v3"}},
		"nothing deployed": {`{}`, []string{"status shows no live release"}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var said status
			require.NoError(t, json.Unmarshal([]byte(test.text), &said))
			assert.Equal(t, test.wrong, said.wrong())
			assert.Equal(t, test.command, said.command(1))
		})
	}
	both := status{Next: []string{"dagger call deploy --env production", "dagger call rollback --env production"}}
	assert.NotEqual(t, both.command(1), both.command(2), "each is tried in turn")
}
