package watch

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/codingbutter/team-dashboard/ci/config"
)

// durations is the histogram that every service exposes, with the labels method,
// route and status.
const durations = "http_request_duration_seconds"

// unrequested are routes that probes and scrapes ask for, not users.
var unrequested = []string{config.InternalHealthPath, config.MetricsPath, "/ready", "/live"}

// histogram counts answers and how long they took.
type histogram struct {
	count, errors float64
	// buckets counts, by upper bound in seconds, the answers that took at most that
	// long, as Prometheus does; the last bound is infinite.
	buckets map[float64]float64
}

// page is one reading of a pod's metrics: a histogram by series.
type page map[string]histogram

// parsePage reads Prometheus text. A page without the histogram is empty: a pod
// that has not answered anything yet shows none.
func parsePage(text []byte) (page, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("parsing metrics: %w", err)
	}
	read := page{}
	for _, metric := range families[durations].GetMetric() {
		labels := map[string]string{}
		for _, pair := range metric.GetLabel() {
			labels[pair.GetName()] = pair.GetValue()
		}
		if !slices.Contains(unrequested, labels["route"]) {
			read[labels["method"]+" "+labels["route"]+" "+labels["status"]] = histogramOf(metric.GetHistogram(), labels["status"])
		}
	}
	return read, nil
}

func histogramOf(from *dto.Histogram, status string) histogram {
	read := histogram{count: float64(from.GetSampleCount()), buckets: map[float64]float64{}}
	if strings.HasPrefix(status, "5") {
		read.errors = read.count
	}
	for _, bucket := range from.GetBucket() {
		read.buckets[bucket.GetUpperBound()] = float64(bucket.GetCumulativeCount())
	}
	read.buckets[math.Inf(1)] = read.count
	return read
}

// since is what a pod answered between two readings. Counters only grow; one that
// shrank began anew with its process, so all that it shows is new.
func (p page) since(before page) histogram {
	sum := histogram{buckets: map[float64]float64{}}
	for key, now := range p {
		if old, ok := before[key]; ok && old.count <= now.count {
			now = now.minus(old)
		}
		sum.add(now)
	}
	return sum
}

func (h histogram) minus(old histogram) histogram {
	rest := histogram{count: h.count - old.count, errors: h.errors - old.errors, buckets: map[float64]float64{}}
	for bound, count := range h.buckets {
		rest.buckets[bound] = count - old.buckets[bound]
	}
	return rest
}

func (h *histogram) add(other histogram) {
	h.count += other.count
	h.errors += other.errors
	if h.buckets == nil {
		h.buckets = map[float64]float64{}
	}
	for bound, count := range other.buckets {
		h.buckets[bound] += count
	}
}

// quantile is how long the given share of answers took at most, as Prometheus'
// histogram_quantile has it: evenly spread within the bucket, and the highest
// finite bound for what lies beyond it. Zero when there were no answers.
func (h histogram) quantile(share float64) time.Duration {
	if h.count == 0 {
		return 0
	}
	bounds := slices.Sorted(maps.Keys(h.buckets))
	rank, lower, below := share*h.count, 0.0, 0.0
	for _, upper := range bounds {
		count := h.buckets[upper]
		if count >= rank && !math.IsInf(upper, 1) {
			return seconds(lower + (upper-lower)*(rank-below)/(count-below))
		}
		if !math.IsInf(upper, 1) {
			lower, below = upper, count
		}
	}
	return seconds(lower)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
