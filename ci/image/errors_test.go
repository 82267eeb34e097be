package image_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/image"
)

func TestResolveReadsWhatTheRegistryAnswers(t *testing.T) {
	for _, test := range []struct {
		status  int
		options image.Options
		is      error
		says    string
	}{
		{http.StatusUnauthorized, image.Options{}, image.ErrDenied, "none were given"},
		{http.StatusUnauthorized, image.Options{Username: user, Password: "old"}, image.ErrDenied, "has not expired"},
		{http.StatusForbidden, image.Options{}, image.ErrDenied, "does not exist or is private"},
		{http.StatusForbidden, image.Options{Username: user, Password: password}, image.ErrDenied, "may not do this"},
		{http.StatusTooManyRequests, image.Options{}, image.ErrUnreachable, "try again later"},
		{http.StatusServiceUnavailable, image.Options{}, image.ErrUnreachable, "answers 503 after several tries"},
	} {
		t.Run(test.says, func(t *testing.T) {
			server := newServer(t, answering(test.status))
			_, err := client(t, test.options).Resolve(t.Context(), server.host+"/team/dashboard:v1")
			require.ErrorIs(t, err, test.is)
			assert.ErrorContains(t, err, test.says)
		})
	}
}
