package rollout

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"sigs.k8s.io/yaml"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

func object(t *testing.T, text string) *cluster.Object {
	t.Helper()
	parsed := &cluster.Object{}
	assert.NoError(t, yaml.Unmarshal([]byte(text), &parsed.Object))
	return parsed
}

const (
	denyAll  = `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: default-deny, namespace: shop}, spec: {podSelector: {}, policyTypes: [Ingress, Egress]}}`
	database = `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: postgres, namespace: shop}, spec: {podSelector: {matchLabels: {app: postgres}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {kind: service}}}]}]}}`
	closed   = `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: postgres, namespace: shop}, spec: {podSelector: {matchLabels: {app: postgres}}, policyTypes: [Ingress], ingress: []}}`
	first    = `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: web, namespace: shop}, spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: []}}`
	ingress  = `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: door, namespace: shop}, spec: {rules: []}}`
	longer   = `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: door, namespace: shop}, spec: {rules: [{host: a}]}}`
	account  = `{apiVersion: v1, kind: ServiceAccount, metadata: {name: web, namespace: shop}}`
	role     = `{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: web, namespace: shop}, rules: [{verbs: [get], resources: [pods]}, {verbs: [get], resources: [services]}]}`
	lesser   = `{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: web, namespace: shop}, rules: [{verbs: [get], resources: [pods]}, {verbs: [list], resources: [secrets]}]}`
)

// What the live revision lives on is neither narrowed nor moved before the traffic is: each object comes when it can do no harm.
func TestWhenSharedObjectsCome(t *testing.T) {
	web, postgres := map[string]string{"app": "web", "kind": "service"}, map[string]string{"app": "postgres"}
	for name, test := range map[string]struct {
		before, wanted, policies []string
		pods                     []map[string]string
		idle                     string
		nothingLive              bool
		early, temporary         []string
		atSwitch, late, gone     []string
	}{
		"unchanged":                 {before: []string{database}, wanted: []string{database}, early: []string{"postgres"}},
		"narrowed policy":           {before: []string{denyAll, database}, wanted: []string{denyAll, closed}, policies: []string{denyAll, database}, pods: []map[string]string{web, postgres}, idle: "green", early: []string{"default-deny"}, temporary: []string{"postgres-next"}, late: []string{"postgres"}},
		"a pod's first policy":      {before: []string{account}, wanted: []string{account, first}, pods: []map[string]string{web}, idle: "green", early: []string{"web"}, temporary: []string{"web-next green"}, late: []string{"web"}},
		"the same, without slots":   {before: []string{account}, wanted: []string{account, first}, pods: []map[string]string{web}, early: []string{"web"}, late: []string{"web"}},
		"isolated one way only":     {before: []string{database}, wanted: []string{database, first}, policies: []string{`{kind: NetworkPolicy, metadata: {name: in}, spec: {podSelector: {}, policyTypes: [Ingress]}}`}, pods: []map[string]string{web}, idle: "green", early: []string{"postgres"}, temporary: []string{"web-next green"}, late: []string{"web"}},
		"isolated by a foreign one": {before: []string{database}, wanted: []string{database, first}, policies: []string{denyAll}, pods: []map[string]string{web}, idle: "green", early: []string{"postgres"}, temporary: []string{"web-next"}, late: []string{"web"}},
		"a longer path":             {before: []string{ingress}, wanted: []string{longer}, atSwitch: []string{"door"}},
		"a new route":               {before: []string{account}, wanted: []string{account, ingress}, early: []string{"web"}, atSwitch: []string{"door"}},
		"the first deploy":          {nothingLive: true, wanted: []string{denyAll, ingress}, early: []string{"default-deny", "door"}},
		"a policy less":             {before: []string{denyAll, account}, wanted: []string{account}, early: []string{"web"}, gone: []string{"default-deny"}},
		"fewer rights":              {before: []string{role}, wanted: []string{lesser}, early: []string{"web"}, late: []string{"web"}},
		"no memory of before":       {wanted: []string{database, ingress}, policies: []string{denyAll}, pods: []map[string]string{postgres}, idle: "green", temporary: []string{"postgres-next"}, atSwitch: []string{"door"}, late: []string{"postgres"}},
	} {
		t.Run(name, func(t *testing.T) {
			state := sharedState{application: application, live: !test.nothingLive, pods: test.pods, idle: test.idle, before: objects(t, test.before), policies: objects(t, test.policies)}
			plan := planShared(objects(t, test.wanted), state)
			assert.Equal(t, test.early, names(plan.early), "early")
			assert.Equal(t, test.temporary, names(plan.temporary), "temporary")
			assert.Equal(t, test.atSwitch, names(plan.atSwitch), "at the switch")
			assert.Equal(t, test.late, names(plan.late), "late")
			var gone []string
			for _, ref := range plan.gone {
				gone = append(gone, ref.Name)
			}
			assert.Equal(t, test.gone, gone, "gone")
		})
	}
}

func TestBothRolesAreInForce(t *testing.T) {
	both := bothRights(object(t, role), object(t, lesser))
	assert.Len(t, both.Object["rules"], 3)
	assert.Len(t, object(t, lesser).Object["rules"], 2)
}

func objects(t *testing.T, texts []string) []*cluster.Object {
	var all []*cluster.Object
	for _, text := range texts {
		all = append(all, object(t, text))
	}
	return all
}

// names are those of objects, and of the slot that a policy is limited to.
func names(objects []*cluster.Object) []string {
	var all []string
	for _, object := range objects {
		name := object.GetName()
		if labels, _ := object.Object["spec"].(map[string]any); labels != nil {
			if selector, _ := labels["podSelector"].(map[string]any); selector != nil {
				if slot, _ := selector["matchLabels"].(map[string]any); slot["team-dashboard.app/slot"] != nil {
					name += " " + slot["team-dashboard.app/slot"].(string)
				}
			}
		}
		all = append(all, name)
	}
	return all
}
