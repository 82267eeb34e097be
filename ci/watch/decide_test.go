package watch_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/watch"
)

var (
	start      = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	thresholds = config.TeamDashboard().Environments[1].Thresholds
)

// healthy is a service with a little traffic.
var healthy = watch.Observation{Requests: 10, P95: 50 * time.Millisecond, Ready: 3, Desired: 3, Probes: 2, ProbeTime: 20 * time.Millisecond}

// with changes the healthy observation.
func with(change func(*watch.Observation)) watch.Observation {
	observation := healthy
	change(&observation)
	return observation
}

// every makes a sample each interval, all the same.
func every(interval time.Duration, count int, observation watch.Observation) []watch.Sample {
	samples := []watch.Sample{}
	for i := range count {
		samples = append(samples, sampleAt(time.Duration(i)*interval, observation))
	}
	return samples
}

func sampleAt(after time.Duration, observation watch.Observation) watch.Sample {
	return watch.Sample{At: start.Add(after), Observation: observation, Services: map[string]watch.Observation{"dashboard": observation}}
}

// then continues a watch with further samples, 5 s apart.
func then(samples []watch.Sample, count int, observation watch.Observation) []watch.Sample {
	for range count {
		samples = append(samples, sampleAt(samples[len(samples)-1].At.Sub(start)+5*time.Second, observation))
	}
	return samples
}

func TestDecide(t *testing.T) {
	const five = 5 * time.Second
	errors := func(failed, of float64) watch.Observation {
		return with(func(o *watch.Observation) { o.Requests, o.Errors = of, failed })
	}
	probes := func(failed, of int) watch.Observation {
		return with(func(o *watch.Observation) {
			o.Probes, o.ProbeFailures, o.Failure = of, failed, "/api/health: answered 503"
		})
	}
	ready := func(ready, desired int) watch.Observation {
		return with(func(o *watch.Observation) { o.Ready, o.Desired = ready, desired })
	}
	p95 := func(p95 time.Duration) watch.Observation { return with(func(o *watch.Observation) { o.P95 = p95 }) }
	probed := func(took time.Duration) watch.Observation {
		return with(func(o *watch.Observation) { o.Requests, o.P95, o.ProbeTime = 0, 0, took })
	}
	restarts := func(count int) watch.Observation {
		return with(func(o *watch.Observation) { o.Restarts = count })
	}
	silent := watch.Observation{Ready: 3, Desired: 3}

	for _, test := range []struct {
		name    string
		samples []watch.Sample
		watch   time.Duration
		want    watch.Outcome
		says    string
	}{
		{"no samples", nil, time.Minute, watch.Undecided, "not over"},
		{"half way", every(five, 7, healthy), time.Minute, watch.Undecided, "not over"},
		{"to the end", every(five, 13, healthy), time.Minute, watch.Healthy, "no threshold broken in 1m0s"},
		{"a watch of two samples is no watch", every(time.Second, 2, healthy), time.Second, watch.Undecided, "only 2 samples"},
		{"nothing measured", every(five, 13, silent), time.Minute, watch.Undecided, "only 0 samples"},
		{"not scaled up yet, nothing asked for", every(five, 13, ready(0, 0)), time.Minute, watch.Healthy, ""},

		{"one failure of three", then(every(five, 3, errors(0, 0)), 1, errors(1, 3)), time.Minute, watch.Undecided, ""},
		{"three failures of twenty-one", then(every(five, 1, errors(0, 0)), 3, errors(1, 7)), 5 * time.Minute, watch.Undecided, ""},
		{"dead in three samples", then(every(five, 1, errors(0, 0)), 3, errors(8, 8)), 5 * time.Minute, watch.Breached, "dashboard: 100.0 % of 24 requests failed, more than 10 %"},
		{"dead in two samples", then(every(five, 1, errors(0, 0)), 2, errors(80, 80)), 5 * time.Minute, watch.Undecided, ""},
		{"a burst that passes", then(then(every(five, 3, healthy), 2, errors(10, 10)), 56, healthy), 5 * time.Minute, watch.Healthy, ""},
		{"at the threshold", every(five, 61, errors(1, 10)), 5 * time.Minute, watch.Healthy, ""},
		{"just above it", every(five, 13, errors(11, 100)), 5 * time.Minute, watch.Breached, "11.0 % of 1300 requests"},
		{"an old trouble leaves the window", then(every(five, 3, errors(0, 100)), 100, healthy), 10 * time.Minute, watch.Undecided, ""},
		{"errors and later a long silence", then(every(five, 3, errors(2, 10)), 100, errors(0, 0)), 10 * time.Minute, watch.Undecided, ""},

		{"probes fail three times", then(every(five, 1, healthy), 3, probes(1, 2)), 5 * time.Minute, watch.Breached, "1 of 2 probes failed, and as many in the samples before: /api/health: answered 503"},
		{"probes fail twice", then(every(five, 1, healthy), 2, probes(2, 2)), 5 * time.Minute, watch.Undecided, ""},
		{"probes fail now and then", then(then(then(every(five, 1, healthy), 2, probes(2, 2)), 1, healthy), 1, probes(2, 2)), 5 * time.Minute, watch.Undecided, ""},
		{"a third of the probes", every(five, 10, probes(1, 3)), 5 * time.Minute, watch.Breached, "33.3 % of 30 probes failed"},

		{"no pod in three samples", then(every(five, 1, healthy), 3, ready(0, 3)), 5 * time.Minute, watch.Breached, "dashboard: no pod ready in the last 3 samples"},
		{"no pod in two samples", then(every(five, 1, healthy), 2, ready(0, 3)), 5 * time.Minute, watch.Undecided, ""},
		{"one of three missing for a minute", then(every(five, 1, healthy), 13, ready(2, 3)), 5 * time.Minute, watch.Breached, "2 of 3 pods ready, too few for the last 1m0s"},
		{"the autoscaler asks for more", then(then(every(five, 1, healthy), 10, ready(3, 5)), 1, ready(5, 5)), 5 * time.Minute, watch.Undecided, ""},
		{"one of three missing for all of a short watch", every(five, 5, ready(2, 3)), 20 * time.Second, watch.Breached, "for the last 20s"},

		{"slow for half a minute", then(every(five, 4, healthy), 7, p95(6*time.Second)), 5 * time.Minute, watch.Breached, "response time (p95) above 5s in every sample of the last 30s, 6s in the latest"},
		{"slow for less", then(every(five, 4, healthy), 6, p95(6*time.Second)), 5 * time.Minute, watch.Undecided, ""},
		{"slow with one good sample", then(then(then(every(five, 4, healthy), 4, p95(6*time.Second)), 1, healthy), 3, p95(6*time.Second)), 5 * time.Minute, watch.Undecided, ""},
		{"slow with silence in between", then(then(then(every(five, 4, healthy), 3, p95(6*time.Second)), 1, silent), 3, p95(6*time.Second)), 5 * time.Minute, watch.Breached, "response time"},
		{"slow once, then silence", then(then(every(five, 4, healthy), 1, p95(6*time.Second)), 9, silent), 5 * time.Minute, watch.Undecided, ""},
		{"slow for all of a short watch", every(five, 4, p95(6*time.Second)), 15 * time.Second, watch.Breached, "last 15s"},
		{"slow by the probes, without traffic", every(five, 8, probed(7*time.Second)), 5 * time.Minute, watch.Breached, "7s in the latest"},
		{"at the limit", every(five, 13, p95(5*time.Second)), time.Minute, watch.Healthy, ""},

		{"one restart", every(five, 13, restarts(1)), time.Minute, watch.Healthy, ""},
		{"two restarts", then(every(five, 1, healthy), 1, restarts(2)), time.Minute, watch.Breached, "dashboard: 2 container restarts, at most 1 are borne"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := watch.Decide(test.samples, thresholds, test.watch)
			assert.Equal(t, test.want, got.Outcome, got.Reason)
			assert.Contains(t, got.Reason, test.says)
		})
	}
}

// A small service that is dead must show, however well the others do.
func TestDecideLooksAtEachService(t *testing.T) {
	samples := every(5*time.Second, 6, healthy)
	for i := range samples {
		samples[i].Requests, samples[i].Services["dashboard"] = 1000, with(func(o *watch.Observation) { o.Requests = 990 })
		samples[i].Services["mcp-manager"] = with(func(o *watch.Observation) { o.Requests, o.Errors = 10, 10 })
	}
	got := watch.Decide(samples, thresholds, 5*time.Minute)
	assert.Equal(t, watch.Breached, got.Outcome)
	assert.Contains(t, got.Reason, "mcp-manager: 100.0 % of 60 requests failed")
}

func TestDecidePassesOverWhatWasNotObserved(t *testing.T) {
	lost := func(count int) []watch.Sample {
		samples := every(5*time.Second, 13, healthy)
		for i := range count {
			samples[i+1] = watch.Sample{At: samples[i+1].At, Unread: []string{"the API server is away"}}
		}
		return samples
	}
	assert.Equal(t, watch.Healthy, watch.Decide(lost(10), thresholds, time.Minute).Outcome)
	assert.Equal(t, watch.Undecided, watch.Decide(lost(11), thresholds, time.Minute).Outcome)
	assert.Equal(t, "not observed", lost(1)[1].String())
}

func TestDecideWarnsOfMissedObjectives(t *testing.T) {
	good := watch.Decide(every(5*time.Second, 13, healthy), thresholds, time.Minute)
	assert.Empty(t, good.Warnings)

	poor := with(func(o *watch.Observation) { o.Requests, o.Errors, o.P95 = 100, 3, 3*time.Second })
	got := watch.Decide(every(5*time.Second, 13, poor), thresholds, time.Minute)
	require.Equal(t, watch.Healthy, got.Outcome)
	assert.Contains(t, got.Warnings, "dashboard: 39 of 1326 requests and probes failed, the objective is below 1 %")
	assert.Contains(t, got.Warnings, "dashboard: response time (p95) was 3s at the end, the objective is 2s")
}

// A recorded watch must lead to the same verdict when it is replayed.
func TestSamplesSurviveTheRecord(t *testing.T) {
	samples := then(every(5*time.Second, 2, healthy), 3, with(func(o *watch.Observation) { o.ProbeFailures, o.Failure = 2, "no answer" }))
	data, err := json.Marshal(watch.Result{Samples: samples, Verdict: watch.Decide(samples, thresholds, time.Minute)})
	require.NoError(t, err)
	var replayed watch.Result
	require.NoError(t, json.Unmarshal(data, &replayed))
	assert.Equal(t, samples, replayed.Samples)
	assert.Equal(t, watch.Breached, replayed.Verdict.Outcome)
	assert.Equal(t, replayed.Verdict, watch.Decide(replayed.Samples, thresholds, time.Minute))
	assert.Contains(t, string(data), `"requests":10`)
}
