package chaos

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"sigs.k8s.io/yaml"
)

// asked bounds one request, so that an API server that stands still holds up nobody.
const asked = 5 * time.Second

// access is a way to the API server that shares no code with the pipeline: an administrator's, for a witness and for
// hands.
type access struct {
	server *url.URL
	client *http.Client
}

// openAccess reads a kubeconfig that carries a client certificate, as the lab's do.
func openAccess(kubeconfig string) (*access, error) {
	text, err := os.ReadFile(kubeconfig)
	if err != nil {
		return nil, err
	}
	var config struct {
		Clusters []struct {
			Cluster struct {
				Server string `json:"server"`
				CA     []byte `json:"certificate-authority-data"`
			} `json:"cluster"`
		} `json:"clusters"`
		Users []struct {
			User struct {
				Certificate []byte `json:"client-certificate-data"`
				Key         []byte `json:"client-key-data"`
			} `json:"user"`
		} `json:"users"`
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		return nil, fmt.Errorf("reading the kubeconfig %q: %w", kubeconfig, err)
	}
	if len(config.Clusters) != 1 || len(config.Users) != 1 {
		return nil, fmt.Errorf("reading the kubeconfig %q: it has %d clusters and %d users; name one of the lab's", kubeconfig, len(config.Clusters), len(config.Users))
	}
	server, err := url.Parse(config.Clusters[0].Cluster.Server)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(config.Users[0].User.Certificate, config.Users[0].User.Key)
	if err != nil {
		return nil, fmt.Errorf("reading the kubeconfig %q: %w", kubeconfig, err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(config.Clusters[0].Cluster.CA)
	transport := &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}},
		MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute,
	}
	return &access{server: server, client: &http.Client{Transport: transport}}, nil
}

// statusError is an answer that is no success.
type statusError struct {
	method, path string
	code         int
	text         string
}

func (e *statusError) Error() string {
	return fmt.Sprintf("%s %s: %d %s", e.method, e.path, e.code, e.text)
}

// do sends a request, and reads the answer into into unless that is nil.
func (a *access) do(ctx context.Context, method, path, contentType string, body, into any) error {
	ctx, cancel := context.WithTimeout(ctx, asked)
	defer cancel()
	payload, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if body == nil {
		payload = nil
	}
	request, err := http.NewRequestWithContext(ctx, method, a.server.String()+path, bytes.NewReader(payload))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("User-Agent", "kubectl/by-hand") // names the manager of the fields that hands set
	response, err := a.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= http.StatusBadRequest {
		return &statusError{method, path, response.StatusCode, string(text[:min(len(text), 300)])}
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}

func (a *access) get(ctx context.Context, path string, into any) error {
	return a.do(ctx, http.MethodGet, path, "", nil, into)
}

// patch changes an object by a JSON merge patch.
func (a *access) patch(ctx context.Context, path string, change map[string]any) error {
	return a.do(ctx, http.MethodPatch, path, "application/merge-patch+json", change, nil)
}

func (a *access) delete(ctx context.Context, path string, options map[string]any) error {
	return a.do(ctx, http.MethodDelete, path, "application/json", options, nil)
}
