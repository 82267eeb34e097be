package rollout

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/clustertest"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/record"
	"github.com/codingbutter/team-dashboard/ci/render"
)

// A revision is a release and what is rendered for it: the same release with other configuration can be gone back from.
func TestTheSameReleaseWithOtherConfigurationIsAnotherRevision(t *testing.T) {
	for _, environment := range application.Environments {
		t.Run(environment.Name, func(t *testing.T) {
			inWorld(t, environment, func(t *testing.T, w *world) {
				w.manifests = edited{edit: func(layer render.LayerName, object *cluster.Object) *cluster.Object {
					if object.GetKind() == "ConfigMap" && layer == render.Slot {
						_ = unstructured.SetNestedField(object.Object, "bad", "data", "TWEAK")
					}
					return object
				}}
				result, err := w.deploy(environment, "v1")
				require.NoError(t, err)
				assert.True(t, result.Changed)
				assert.Equal(t, 2, result.Revision)

				result, err = w.rollback(environment, Request{})
				require.NoError(t, err)
				assert.True(t, result.Changed)
				w.finished(environment, "v1")
				for _, configMap := range w.List("v1", "ConfigMap", environment.Namespace, map[string]string{render.SlotLabel: result.Slot, render.VersionLabel: "v1"}) {
					data, _, _ := unstructured.NestedStringMap(configMap.Object, "data")
					assert.NotContains(t, data, "TWEAK")
				}
				result, err = w.rollback(environment, Request{To: "1"})
				require.NoError(t, err)
				assert.False(t, result.Changed, "revision 1 is what runs")
			}, "v1")
		})
	}
}

// hands are what people, kills and bad releases do to an environment that ran v1 and v2.
var hands = map[string]func(t *testing.T, w *world, environment config.Environment){
	"a stable Service is deleted": func(_ *testing.T, w *world, e config.Environment) {
		w.Remove(serviceRef(e, "agent-manager"))
	},
	"selectors are set to different slots": func(_ *testing.T, w *world, e config.Environment) {
		w.selectSlot(e, "agent-manager", "blue")
	},
	"selectors are set to no slot": func(_ *testing.T, w *world, e config.Environment) {
		for _, service := range application.Services {
			w.selectSlot(e, service.Name, "purple")
		}
	},
	"an old record is damaged":     func(_ *testing.T, w *world, e config.Environment) { w.damage(e, 1) },
	"the newest record is damaged": func(_ *testing.T, w *world, e config.Environment) { w.damage(e, 2) },
	"the newest record is deleted": func(_ *testing.T, w *world, e config.Environment) {
		w.Remove(cluster.Ref{APIVersion: "v1", Kind: "Secret", Namespace: e.Namespace, Name: record.Name(2)})
	},
	"two releases in a row never get ready": func(t *testing.T, w *world, e config.Environment) {
		w.hanging["bad1"], w.hanging["bad2"] = true, true
		for _, version := range []string{"bad1", "bad2"} {
			_, err := w.deploy(e, version)
			require.Error(t, err)
		}
	},
	"the previous release does not start any more": func(t *testing.T, w *world, e config.Environment) {
		w.hanging["v2"], w.breaching["bad"] = true, true
		_, err := w.deploy(e, "bad")
		require.Error(t, err)
		w.hanging["v2"] = false // a person put right what kept it from starting
	},
	"the Lease is deleted": func(_ *testing.T, w *world, e config.Environment) {
		w.Remove(cluster.Ref{APIVersion: "coordination.k8s.io/v1", Kind: "Lease", Namespace: e.Namespace, Name: "pipeline"})
	},
}

func (w *world) selectSlot(environment config.Environment, service, slot string) {
	object := w.Get(serviceRef(environment, service))
	_ = unstructured.SetNestedField(object.Object, slot, "spec", "selector", render.SlotLabel)
	w.Put(object)
}

func (w *world) damage(environment config.Environment, revision int) {
	object := w.Get(cluster.Ref{APIVersion: "v1", Kind: "Secret", Namespace: environment.Namespace, Name: record.Name(revision)})
	_ = unstructured.SetNestedField(object.Object, "dGhpcyBpcyBubyBnemlw", "data", "record")
	w.Put(object)
}

// Whatever state hands or kills left, status answers, what it recommends works, and deploy and rollback get out of it.
func TestEveryStateHasAWayOut(t *testing.T) {
	ways := map[string]command{
		"deploy":          deploying(production, "v3"),
		"rollback":        rollingBack(production, Request{}),
		"rollback forced": rollingBack(production, Request{Force: true}),
		"the same deploy": deploying(production, "v2"),
	}
	for state, make := range hands {
		for name, way := range ways {
			t.Run(state+", "+name, func(t *testing.T) {
				inWorld(t, production, func(t *testing.T, w *world) {
					w.After = nil // hands break the invariants
					make(t, w, production)
					w.next()
					status, err := w.observer().Status(t.Context(), "production")
					require.NoError(t, err)
					assert.NotEmpty(t, status.Next)
					_, err = way(w)
					if state == "an old record is damaged" && errors.Is(err, ErrNothingToGoBackTo) {
						return // it was the only one to go back to
					}
					require.NoError(t, err)
					assert.NotEmpty(t, w.liveVersion(production))
					w.finished(production, w.liveVersion(production))
				}, "v1", "v2")
			})
		}
	}
}

func TestStatusNamesWhatWasLeftHalfDone(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		w.halfDone = errors.New("finish it: dagger call restore --env production --latest --force")
		status, err := w.observer().Status(t.Context(), "production")
		require.NoError(t, err)
		assert.Equal(t, []string{w.halfDone.Error()}, status.Problems)
	}, "v1")
}

func TestWhatStatusRecommendsWorks(t *testing.T) {
	for state, make := range hands {
		for _, environment := range application.Environments {
			if environment.Name == "staging" && strings.Contains(state, "selectors") {
				continue // it has no slots to select
			}
			t.Run(environment.Name+", "+state, func(t *testing.T) {
				inWorld(t, environment, func(t *testing.T, w *world) {
					w.After = nil
					make(t, w, environment)
					w.next()
					status, err := w.observer().Status(t.Context(), environment.Name)
					require.NoError(t, err)
					for _, recommended := range status.Next {
						copied := w.again(t)
						copied.typed(environment, recommended)
					}
				}, "v1", "v2")
			})
		}
	}
}

// typed runs a command as status recommends it.
func (w *world) typed(environment config.Environment, line string) {
	w.t.Helper()
	words := strings.Fields(line)
	flags := map[string]string{}
	for i, word := range words {
		if strings.HasPrefix(word, "--") && i+1 < len(words) {
			flags[strings.TrimPrefix(word, "--")] = words[i+1]
		}
	}
	assert.Equal(w.t, environment.Name, flags["env"])
	switch words[2] {
	case "deploy":
		version := flags["release"]
		if version == "" {
			version = "v3"
		}
		_, err := w.deploy(environment, version)
		assert.NoError(w.t, err, line)
	case "rollback":
		_, err := w.rollback(environment, Request{To: flags["to"]})
		assert.NoError(w.t, err, line)
	case "status", "history", "health-check":
	default:
		assert.Fail(w.t, "unknown command", line)
	}
}

// What a run of a newer pipeline recorded, only that pipeline understands.
func TestRecordsOfANewerPipelineAreRefusedByName(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		w.Put(newer(t, w, production))
		before := len(w.Writes())
		for _, command := range []command{deploying(production, "v2"), rollingBack(production, Request{Force: true})} {
			_, err := command(w)
			assert.ErrorContains(t, err, "reading record 2 of production: it was written by a newer pipeline (record format 3, this one knows 2)")
		}
		assert.Len(t, w.Writes(), before)
		_, err := w.observer().Status(t.Context(), "production")
		require.NoError(t, err)
	}, "v1")
}

func newer(t *testing.T, w *world, environment config.Environment) *cluster.Object {
	object := w.Get(cluster.Ref{APIVersion: "v1", Kind: "Secret", Namespace: environment.Namespace, Name: record.Name(1)})
	object.SetName(record.Name(2))
	_ = unstructured.SetNestedField(object.Object, packed(t, `{"format": 3}`), "data", "record")
	return object
}

// A forced rollback that was killed after its switch is not taken for verified by whoever finishes it.
func TestAKilledForcedRollbackIsVerifiedByWhoFinishesIt(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		w.sick["v1"] = true
		w.client.Fault = func(_ int, write clustertest.Write) clustertest.Fault {
			if write.Ref.Kind == "Secret" && w.liveVersion(production) == "v1" {
				return clustertest.Kill
			}
			return clustertest.None
		}
		_, err := w.rollback(production, Request{Force: true})
		require.Error(t, err)
		w.next()
		_, err = w.rollback(production, Request{})
		assert.ErrorContains(t, err, "verify: ")
		assert.Equal(t, record.Failed, w.records(production)[0].Outcome)
	}, "v1", "v2")
}

// The traffic is given back only to a slot that has the pods for it: what an autoscaler or a hand took is brought back first.
func TestTheWayBackIsReadyBeforeItIsTaken(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		w.breaching["v2"] = true
		w.watching = func() {
			w.watching = nil
			require.NoError(t, w.NewClient().Cluster().Scale(t.Context(), production.Namespace, "dashboard-blue", 1))
		}
		view := w.Peek()
		moved := false
		guard := w.After
		w.After = func(done clustertest.Write) {
			guard(done)
			if done.Ref == serviceRef(production, "dashboard") && selectedSlot(view.Get(done.Ref)) == "blue" {
				moved = true
				assert.Len(t, view.List("v1", "Pod", production.Namespace, map[string]string{render.SlotLabel: "blue", "app": "dashboard"}), 3)
			}
		}
		result, err := w.deploy(production, "v2")
		require.Error(t, err)
		assert.True(t, moved)
		assert.Equal(t, record.Reverted, result.Outcome)
		w.finished(production, "v1")
	}, "v1")
}

// Where the previous slot cannot have its pods, the traffic stays with who serves it, and the report says why.
func TestTheTrafficStaysWhereTheWayBackCannotBeHad(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		w.breaching["v2"] = true
		w.watching = func() {
			w.watching = nil
			w.hanging["v1"] = true
			require.NoError(t, w.NewClient().Cluster().Scale(t.Context(), production.Namespace, "dashboard-blue", 1))
		}
		result, err := w.deploy(production, "v2")
		require.ErrorContains(t, err, "the traffic stays in slot green, since slot blue cannot take it")
		assert.Equal(t, record.Failed, result.Outcome)
		assert.Equal(t, "v2", w.liveVersion(production))
	}, "v1")
}

// An API server that is away for five minutes ends nothing, whether a write or a read meets it first.
func TestAnAPIServerThatIsAwayEndsNothing(t *testing.T) {
	for _, s := range scenes {
		if !s.main {
			continue
		}
		for first, answer := range map[string]clustertest.Fault{"write": clustertest.Timeout, "read": clustertest.None} {
			t.Run(s.name+"/a "+first+" meets it", func(t *testing.T) {
				s.play(t, func(t *testing.T, base *world) {
					stride := 3 * s.stride()
					for n := len(s.name) % stride; s.outage(base.again(t), n, answer) && !t.Failed(); n += stride {
					}
				})
			})
		}
	}
}

// outage does a scene's command in a world whose API server goes away at the n-th write, which is answered like this. It says
// whether the command came so far.
func (s scene) outage(w *world, n int, answer clustertest.Fault) (reached bool) {
	w.guard(s.environment)
	var away time.Time
	w.client.Fault = func(at int, _ clustertest.Write) clustertest.Fault {
		if at == n {
			away, reached = time.Now().Add(5*time.Minute), true
			return answer
		}
		return clustertest.None
	}
	w.client.Away = func() bool { return time.Now().Before(away) }
	_, err := s.command(w)
	if reached {
		assert.Equal(w.t, s.fails, err != nil, "away from write %d on: %v", n, err)
		w.finished(s.environment, s.live)
	}
	return reached
}
