package watch

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// metrics is what prom-client prints: default metrics, and the histogram with one
// series for each line of counts. le comes first there, unlike elsewhere.
func metrics(series ...string) []byte {
	text := "# HELP process_cpu_seconds_total CPU\n# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 1.5\n\n" +
		"# HELP http_request_duration_seconds Time\n# TYPE http_request_duration_seconds histogram\n"
	return []byte(text + strings.Join(series, "") + "\n")
}

// counts is one series with the buckets 0.1, 1, 5 and +Inf, cumulated.
func counts(method, route, status string, tenth, one, five, all int) string {
	labels := fmt.Sprintf(`method="%s",route="%s",status="%s"`, method, route, status)
	text := ""
	for _, bucket := range []struct {
		bound string
		count int
	}{{"0.1", tenth}, {"1", one}, {"5", five}, {"+Inf", all}} {
		text += fmt.Sprintf("http_request_duration_seconds_bucket{le=\"%s\",%s} %d\n", bucket.bound, labels, bucket.count)
	}
	return text + fmt.Sprintf("http_request_duration_seconds_sum{%s} 1\nhttp_request_duration_seconds_count{%s} %d\n", labels, labels, all)
}

func TestParsePage(t *testing.T) {
	read, err := parsePage(metrics(
		counts("GET", "/api/agents", "200", 8, 9, 10, 10),
		counts("GET", "/api/agents", "500", 0, 0, 0, 2),
		counts("GET", "/health", "503", 7, 7, 7, 7),
		counts("GET", "/metrics", "200", 7, 7, 7, 7),
		counts("POST", "/api/agents", "404", 1, 1, 1, 1),
	))
	require.NoError(t, err)
	sum := read.since(nil)
	assert.Equal(t, 13.0, sum.count, "probes and scrapes do not count")
	assert.Equal(t, 2.0, sum.errors, "what the client did wrong is no error")

	empty, err := parsePage([]byte("# nothing yet\n"))
	require.NoError(t, err)
	assert.Zero(t, empty.since(nil).count)

	_, err = parsePage([]byte("<html>Bad gateway</html>\n"))
	assert.ErrorContains(t, err, "parsing metrics")
}

func TestSince(t *testing.T) {
	pageOf := func(series ...string) page {
		read, err := parsePage(metrics(series...))
		require.NoError(t, err)
		return read
	}
	before := pageOf(counts("GET", "/", "200", 90, 100, 100, 100), counts("GET", "/", "500", 0, 0, 5, 5))

	t.Run("counters grew", func(t *testing.T) {
		now := pageOf(counts("GET", "/", "200", 90, 110, 120, 120), counts("GET", "/", "500", 0, 0, 6, 6))
		sum := now.since(before)
		assert.Equal(t, 21.0, sum.count)
		assert.Equal(t, 1.0, sum.errors)
		assert.Equal(t, 0.0, sum.buckets[0.1], "only the new answers make the percentile")
	})
	t.Run("nothing happened", func(t *testing.T) {
		assert.Zero(t, before.since(before).count)
		assert.Zero(t, before.since(before).quantile(0.95))
	})
	t.Run("counters began anew", func(t *testing.T) {
		now := pageOf(counts("GET", "/", "200", 3, 3, 3, 3))
		assert.Equal(t, 3.0, now.since(before).count)
	})
	t.Run("a series appeared", func(t *testing.T) {
		now := pageOf(counts("GET", "/", "200", 90, 100, 100, 100), counts("GET", "/", "500", 0, 0, 5, 5), counts("GET", "/new", "502", 0, 4, 4, 4))
		sum := now.since(before)
		assert.Equal(t, 4.0, sum.count)
		assert.Equal(t, 4.0, sum.errors)
	})
}

func TestQuantile(t *testing.T) {
	for _, test := range []struct {
		name                  string
		tenth, one, five, all int
		share                 float64
		want                  time.Duration
	}{
		{"all fast", 100, 100, 100, 100, 0.95, 95 * time.Millisecond},
		{"in the middle of a bucket", 90, 100, 100, 100, 0.95, 550 * time.Millisecond},
		{"at a bound", 95, 100, 100, 100, 0.95, 100 * time.Millisecond},
		{"beyond a gap", 0, 0, 100, 100, 0.5, 3 * time.Second},
		{"beyond the last bound", 0, 0, 90, 100, 0.95, 5 * time.Second},
		{"median", 50, 100, 100, 100, 0.5, 100 * time.Millisecond},
		{"no answers", 0, 0, 0, 0, 0.95, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			read, err := parsePage(metrics(counts("GET", "/", "200", test.tenth, test.one, test.five, test.all)))
			require.NoError(t, err)
			got := read.since(nil)
			assert.InDelta(t, test.want, got.quantile(test.share), float64(time.Microsecond))
		})
	}
}
