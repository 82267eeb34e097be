package health

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
)

const (
	// reachPause is the time between two looks.
	reachPause = time.Second
	// barredAfter is how many looks in a row must be turned away: an ingress that is
	// just being made turns some requests away, too.
	barredAfter = 5
)

// Reach waits until every service's public path answers, and looks whether a
// switch could be proven there. What keeps this machine from proving one (a name
// that does not resolve, an unknown certificate, a page to sign in) should show
// before the traffic moves, not after.
//
// Any release may answer, and so may the ingress controller where no service
// stands behind a path yet. What answers in the application's place is an error
// when it turns requests away, and else a doubt: what runs there now may name
// itself in no header.
func (f *FrontDoor) Reach(ctx context.Context, services []config.Service) (doubt string, err error) {
	var unanswered error
	for barred := 0; ; cluster.Sleep(ctx, reachPause) {
		seen := f.look(ctx, services)
		if cause := context.Cause(ctx); cause != nil {
			return "", fmt.Errorf("asking whether %s can be reached from here: %w", f.url, cmp.Or(unanswered, cause))
		}
		switch {
		case len(seen.barred) > 0:
			if barred++; barred == barredAfter {
				return "", fmt.Errorf("asking whether a switch could be proven at %s: %s; %s", f.url, strings.Join(seen.barred, ", "), seen.fix)
			}
		case seen.unanswered != nil:
			unanswered, barred = seen.unanswered, 0
		default:
			return strings.Join(seen.doubts, ", "), nil
		}
	}
}

// arrivals are what came of asking every service once.
type arrivals struct {
	unanswered     error
	barred, doubts []string
	// fix is for what barred the way first.
	fix string
}

func (f *FrontDoor) look(ctx context.Context, services []config.Service) arrivals {
	answers, errs := make([]Answer, len(services)), make([]error, len(services))
	var group errgroup.Group
	for i, service := range services {
		group.Go(func() error {
			answers[i], errs[i] = f.Get(ctx, service.HealthPath)
			return nil
		})
	}
	_ = group.Wait() // the errors are looked at one by one
	var seen arrivals
	for i, service := range services {
		answer := answers[i]
		what := fmt.Sprintf("%s: %s answered %s by %s", service.Name, service.HealthPath, answer.status(), answer.who())
		switch {
		case errs[i] != nil:
			seen.unanswered = cmp.Or(seen.unanswered, errs[i])
		case answer.Release != "" || answer.noBackend():
		case answer.bars():
			seen.barred = append(seen.barred, what)
			seen.fix = cmp.Or(seen.fix, f.wayIn(service.HealthPath, answer))
		default:
			seen.doubts = append(seen.doubts, what)
		}
	}
	return seen
}

// status is the answer's, and where a redirect leads to. What comes after the path is left out: it is for one sign-in alone.
func (a Answer) status() string {
	target, err := url.Parse(a.Location)
	if a.Location == "" || err != nil {
		return fmt.Sprint(a.Status)
	}
	target.User, target.RawQuery, target.Fragment = nil, "", ""
	return fmt.Sprintf("%d (to %s)", a.Status, target)
}

// noBackend says whether it is what ingress controllers answer where no service, or none with a ready pod, stands behind a path.
func (a Answer) noBackend() bool {
	return slices.Contains([]int{http.StatusNotFound, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}, a.Status)
}

// bars says whether requests are turned away before they reach the application.
func (a Answer) bars() bool {
	redirects := a.Status >= http.StatusMultipleChoices && a.Status < http.StatusBadRequest
	return redirects || slices.Contains([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired, http.StatusNetworkAuthenticationRequired}, a.Status)
}

// wayIn is what to do about a front door that turns requests away.
func (f *FrontDoor) wayIn(path string, answer Answer) string {
	here, _ := url.Parse(f.url + path)
	if there, err := here.Parse(answer.Location); answer.Location != "" && err == nil && there.Path == here.Path && there.Host+there.Scheme != here.Host+here.Scheme {
		return fmt.Sprintf("name the address that it leads to as the environment's URL: %s://%s", there.Scheme, there.Host)
	}
	return "let the health paths of the services pass without signing in, from where the pipeline runs: no answer says otherwise which release has the traffic"
}
