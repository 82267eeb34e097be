package s3

import (
	"context"
	"fmt"
	"net/http"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/pki"
)

// healthPath is answered without a signature; see builds/s3.
const healthPath = "/healthz"

// answers asks for the server's health by the name that pods use, so that a
// wrong certificate shows, too.
func (s *S3) answers(ctx context.Context) error {
	authority, err := pki.Load(ctx, s.host)
	if err != nil {
		return err
	}
	return ask(ctx, authority.Transport(Address))
}

func ask(ctx context.Context, transport *http.Transport) error {
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+Host+":"+port+healthPath, nil)
	if err != nil {
		return err
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return fmt.Errorf("asking the object store: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("asking the object store: it answered %s, not 200", response.Status)
	}
	return nil
}
