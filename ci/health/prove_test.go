package health_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/health"
)

// scripted is a front door in memory. Each request gets what the script says, by its number from 1.
type scripted struct {
	requests atomic.Int64
	script   func(path string, number int) (*http.Response, error)
}

func (s *scripted) RoundTrip(request *http.Request) (*http.Response, error) {
	answer, err := s.script(request.URL.Path, int(s.requests.Add(1)))
	if err != nil {
		return nil, err
	}
	response := *answer // scripts give the same one to many
	response.Request, response.Body = request, io.NopCloser(strings.NewReader("{}"))
	return &response, nil
}

func inMemory(t *testing.T, script func(path string, number int) (*http.Response, error)) *health.FrontDoor {
	t.Helper()
	made, err := health.NewFrontDoor(health.FrontDoorOptions{URL: "https://shop.example", Transport: &scripted{script: script}})
	require.NoError(t, err)
	return made
}

// said is an answer with the given headers, by name and value in turn; those without a value are left out.
func said(status int, headers ...string) *http.Response {
	header := http.Header{}
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] != "" {
			header.Set(headers[i], headers[i+1])
		}
	}
	return &http.Response{StatusCode: status, Header: header}
}

func by(release, slot string) *http.Response { return said(200, "x-release", release, "x-slot", slot) }

func TestProve(t *testing.T) {
	const services, line, round = 2, 20, 8
	first := func(n, number int, then, afterwards *http.Response) *http.Response {
		if number <= n {
			return then
		}
		return afterwards
	}
	for _, test := range []struct {
		name     string
		script   func(path string, number int) (*http.Response, error)
		want     health.Proof
		requests int
		settled  time.Duration
	}{
		{name: "at once", script: func(string, int) (*http.Response, error) { return by("v2", "green"), nil }, requests: services * line},
		{name: "the old release for two rounds", script: func(_ string, number int) (*http.Response, error) {
			return first(2*round, number, by("v1", "blue"), by("v2", "green")), nil
		}, want: health.Proof{Old: 2 * round}, requests: 2*round + services*line, settled: 40 * time.Millisecond},
		{name: "the same release in the old slot for two rounds", script: func(_ string, number int) (*http.Response, error) {
			return first(2*round, number, by("v2", "blue"), by("v2", "green")), nil
		}, want: health.Proof{Old: 2 * round}, requests: 2*round + services*line, settled: 40 * time.Millisecond},
		{name: "the old release comes back once", script: func(_ string, number int) (*http.Response, error) {
			if number == 2*round+5 {
				return by("v1", "blue"), nil
			}
			return by("v2", "green"), nil
		}, want: health.Proof{Old: 1}, requests: 3*round + services*line, settled: 60 * time.Millisecond},
		{name: "failures on the way", script: func(_ string, number int) (*http.Response, error) {
			switch number {
			case 1:
				return said(503, "x-release", "v2", "x-slot", "green"), nil
			case 2:
				return said(404), nil
			case 3:
				return nil, errors.New("connection reset")
			}
			return by("v2", "green"), nil
		}, want: health.Proof{Failed: 3}, requests: round + services*line, settled: 20 * time.Millisecond},
		{name: "a release that names no slot", script: func(string, int) (*http.Response, error) { return by("v2", ""), nil },
			want: health.Proof{WithoutSlot: services * line}, requests: services * line},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got, err := inMemory(t, test.script).Prove(t.Context(), shopApp.Services, shop())
				require.NoError(t, err)
				assert.Equal(t, test.requests, got.Requests)
				assert.Equal(t, test.want.Old, got.Old)
				assert.Equal(t, test.want.Failed, got.Failed)
				assert.Equal(t, test.want.WithoutSlot, got.WithoutSlot)
				assert.Equal(t, test.want.WithoutSlot > 0, strings.Contains(got.Doubt(), "named no slot (X-Slot)"), got.Doubt())
				assert.Equal(t, test.settled, got.Settled.Sub(got.Started))
				assert.Equal(t, test.want.Old+test.want.Failed > 0, got.Last != "")
			})
		})
	}
}

func TestWithoutSlotsNoneIsMissed(t *testing.T) {
	target := shop()
	target.Slot = ""
	synctest.Test(t, func(t *testing.T) {
		got, err := inMemory(t, func(string, int) (*http.Response, error) { return by("v2", ""), nil }).Prove(t.Context(), shopApp.Services, target)
		require.NoError(t, err)
		assert.Empty(t, got.Doubt())
	})
}

func TestProveGivesUpWithItsContext(t *testing.T) {
	late := errors.New("the budget is spent")
	for name, test := range map[string]struct {
		old  *http.Response
		says string
	}{
		"another release":              {by("v1", "green"), `release "v1" in slot green`},
		"the same release, other slot": {by("v2", "blue"), `release "v2" in slot blue`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				got, err := inMemory(t, func(path string, number int) (*http.Response, error) {
					if number == 9 {
						cancel(late)
					}
					if path == "/api/orders/health" {
						return test.old, nil
					}
					return by("v2", "green"), nil
				}).Prove(ctx, shopApp.Services, shop())
				require.ErrorIs(t, err, late)
				assert.ErrorContains(t, err, `proving at https://shop.example that release "v2" in slot green answers`)
				assert.ErrorContains(t, err, "of 8 requests 4 were answered by another release or slot and 0 failed, the latest: orders /api/orders/health answered by "+test.says)
				assert.Equal(t, 8, got.Requests)
				assert.True(t, got.Settled.IsZero())
			})
		})
	}
}
